"""First steps of every command: the settings, the log, and the errors that end it."""

import argparse
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bot.ops.logs import configure
from bot.settings import Settings, load


class CliError(Exception):
    """The command cannot go on; the message is one sentence for the operator."""


def load_settings(options: argparse.Namespace) -> Settings:
    """Load the settings and log as they say."""
    settings = load(options.config)
    configure(format=settings.ops.log_format, level=settings.ops.log_level, secrets=settings.secrets)
    return settings


@contextmanager
def as_cli_error(file: Path | None = None, cannot_be: str = "written") -> Generator[None]:
    """Turn an error of the database, or of the file if one is given, into one sentence."""
    # Loads SQLAlchemy, which `doppel health` does without.
    from bot.store import StoreError

    try:
        yield
    except StoreError as error:
        raise CliError(f"{error}.") from error
    except OSError as error:
        if file is None:
            raise
        raise CliError(f"{file} cannot be {cannot_be}: {error.strerror}.") from error
