"""The command line: parses the arguments and dispatches to a command in `bot.cli`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from pkgutil import resolve_name

from bot import __version__
from bot.cli.credits_options import add_subcommands, described
from bot.cli.gc_tuning import relax_gc
from bot.cli.takedown_options import add_actions


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.entry is None:
        parser.print_help()
        return 0
    relax_gc()
    # Imported after the parsing, so that --help answers at once.
    from bot.cli.startup import CliError
    from bot.settings import SettingsError

    # Only their owner may read databases, backups and keys, even if others have accounts on the machine.
    former = os.umask(0o077)
    try:
        return resolve_name(options.entry)(options)
    except (SettingsError, CliError) as error:
        print(f"doppel: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        os.umask(former)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="doppel", description="Face swaps for a Discord community.")
    parser.add_argument("--version", action="version", version=f"doppel {__version__}")
    parser.add_argument("--config", type=Path, help="settings file (default: config/doppel.toml)")
    parser.set_defaults(entry=None)
    commands = parser.add_subparsers(metavar="COMMAND")

    def command(name: str, entry: str, summary: str, example: str = "") -> argparse.ArgumentParser:
        subparser = commands.add_parser(name, help=summary, **described(summary, f"{name} {example}"))
        subparser.set_defaults(entry=f"bot.cli.{entry}")
        return subparser

    command("run", "run:run_command", "run the bot")
    command("check", "check:check_command", "report what is configured, reachable and missing")

    health = command("health", "health:health_command", "check a running bot: exit code 0 or 1", "--ready")
    health.add_argument("--ready", action="store_true", help="also check that it takes orders")

    command("pause", "operator:pause_command", "submit no new job to Segmind until `doppel resume`")
    command("resume", "operator:resume_command", "submit waiting jobs to Segmind again")
    add_subcommands(
        command(
            "credits",
            "credits:credits_command",
            "check the ledger, report spending, grant credits",
            "report --days 7",
        )
    )

    forgive = command(
        "forgive", "operator:forgive_command", "allow the pictures of a job again", "1a2244ad960f1f7f0355b96"
    )
    forgive.add_argument("job", help="the job's id, from the card where you pressed Ban the picture")

    unknown = command(
        "unknown",
        "unknown:unknown_command",
        "list the jobs with an unknown outcome",
        "--release 1a2244ad960f1f7f0355b96",
    )
    unknown.add_argument("--release", metavar="JOB", help="release the credits of this job")

    detect = command(
        "detect", "detect:detect_command", "tell whether the bot made a picture or a video", "card.png"
    )
    detect.add_argument("file", type=Path, help="a picture or a video")

    add_actions(
        command(
            "takedown",
            "takedown:takedown_command",
            "handle requests to remove a picture",
            "list",
        )
    )

    backup = command(
        "backup",
        "backup:backup_command",
        "copy the SQLite database while the bot runs",
        "/var/lib/doppel/backup.db",
    )
    backup.add_argument("file", type=Path, help="where to write the copy")

    restore = command(
        "restore", "backup:restore_command", "replace the database with a backup", "/var/lib/doppel/backup.db"
    )
    restore.add_argument("file", type=Path, help="a copy that `doppel backup` made")

    sandbox = command(
        "sandbox",
        "sandbox:sandbox_command",
        "run the whole bot in a browser, without an account",
        "--speed 1",
    )
    sandbox.add_argument("--port", type=int, default=8600, help="port of the page (default: 8600)")
    sandbox.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    sandbox.add_argument(
        "--fresh", action="store_true", help="delete the chat, credits and jobs of earlier runs"
    )
    sandbox.add_argument("--no-browser", action="store_true", help="only print the address")

    segmind = command(
        "segmind",
        "sandbox:segmind_command",
        "run the local Segmind by itself",
        "--port 8700 --faults 'submit: drop-after @ 0.1'",
    )
    segmind.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    segmind.add_argument("--port", type=int, default=8700, help="port of the API (default: 8700)")
    segmind.add_argument("--faults", default="", help="faults to cause, such as 'submit: drop-after @ 0.1'")
    segmind.add_argument("--seed", type=int, default=0, help="seed of the faults (default: 0)")
    for local in (sandbox, segmind):
        local.add_argument(
            "--speed", type=float, default=10.0, help="how many times as fast as Segmind (default: 10)"
        )
    return parser


if __name__ == "__main__":
    sys.exit(main())
