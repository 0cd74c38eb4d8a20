"""`doppel health`: asks a running bot whether it is alive, or ready."""

import argparse

from bot.cli.startup import CliError
from bot.ops.health import ask
from bot.settings import load


def health_command(options: argparse.Namespace) -> int:
    address = load(options.config).ops.address
    if address is None:
        raise CliError("health is not served: set ops.listen, or DOPPEL_OPS__LISTEN in the environment.")
    is_well, message = ask(*address, "/readyz" if options.ready else "/healthz")
    print(message)
    return 0 if is_well else 1
