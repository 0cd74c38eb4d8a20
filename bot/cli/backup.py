"""`doppel backup` and `doppel restore`: copies of the SQLite database."""

import argparse
from datetime import UTC, datetime

from bot.cli.startup import as_cli_error, load_settings
from bot.store.backup import back_up, restore


def backup_command(options: argparse.Namespace) -> int:
    settings = load_settings(options)
    with as_cli_error(options.file):
        copy = back_up(settings.database.url.get_secret_value(), options.file, now=datetime.now(UTC))
    print(f"{copy} holds the database as it is now ({copy.stat().st_size:,} bytes).")
    return 0


def restore_command(options: argparse.Namespace) -> int:
    settings = load_settings(options)
    with as_cli_error(options.file, "restored"):
        restored = restore(settings.database.url.get_secret_value(), options.file)
    if restored.previous is not None:
        print(f"What was there before lies in {restored.previous}.")
    print(
        f"Restored. The next start goes on with {restored.open_jobs} open jobs; {restored.in_doubt} that"
        " waited may have been sent since, and are looked for at Segmind instead of being sent."
    )
    return 0
