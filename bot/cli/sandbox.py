"""`doppel sandbox` and `doppel segmind`, whose packages come with an extra."""

import argparse
import asyncio
import importlib.util

from bot.cli.run import FACE_PACKAGES
from bot.cli.startup import CliError, load_settings
from bot.ops.logs import configure

SANDBOX_PACKAGES = (*FACE_PACKAGES, "simcord")


def sandbox_command(options: argparse.Namespace) -> int:
    _require_packages()
    from bot.sandbox.app import SandboxOptions, run_sandbox
    from bot.sandbox.errors import SandboxError

    settings = load_settings(options)
    sandbox_options = SandboxOptions(
        options.port,
        options.speed,
        fresh=options.fresh,
        browser=not options.no_browser,
        host=options.host,
    )
    try:
        asyncio.run(run_sandbox(settings, sandbox_options))
    except SandboxError as error:
        raise CliError(f"{error}.") from error
    except OSError as error:
        if error.filename is None:
            raise
        raise CliError(
            f"{error.filename} cannot be written: {error.strerror}. "
            "Start the sandbox in a folder that you can write to and that has free space."
        ) from error
    return 0


def segmind_command(options: argparse.Namespace) -> int:
    _require_packages()
    from bot.sandbox.errors import SandboxError
    from bot.sandbox.segmind_server import parse_faults, serve

    configure(format="human", level="info")
    try:
        faults = parse_faults(options.faults, options.seed)
        asyncio.run(serve(options.host, options.port, options.speed, faults))
    except SandboxError as error:
        raise CliError(f"{error}.") from error
    return 0


def _require_packages() -> None:
    missing = [name for name in SANDBOX_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise CliError(
            f"the sandbox needs packages that are not installed ({', '.join(missing)}): "
            "type `make sandbox`, or `pip install 'doppel[sandbox]'`."
        )
