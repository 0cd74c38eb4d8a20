"""`doppel backup` and `doppel restore`: copies of the SQLite database."""

import argparse
from datetime import UTC, datetime

from bot.cli.startup import as_cli_error, load_settings
from bot.store.backup import back_up, restore


def backup_command(options: argparse.Namespace) -> int:
    settings = load_settings(options)
    with as_cli_error(options.file):
        copy = back_up(settings.database.url.get_secret_value(), options.file, now=datetime.now(UTC))
    print(f"Copied the database to {copy} ({copy.stat().st_size:,} bytes).")
    return 0


def restore_command(options: argparse.Namespace) -> int:
    settings = load_settings(options)
    with as_cli_error(options.file, "restored"):
        restored = restore(settings.database.url.get_secret_value(), options.file)
    if restored.previous is not None:
        print(f"The previous database is in {restored.previous}.")
    print(
        f"Restored. The bot continues {restored.open_jobs} open jobs when it starts."
        f" {restored.in_doubt} of them may have been submitted since the backup,"
        " so the bot looks for them at Segmind and does not submit them again."
    )
    return 0
