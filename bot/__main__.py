"""The command line: run, check, health, pause, credits, forgive, backup, restore, sandbox, segmind."""

import argparse
import asyncio
import importlib.util
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot import __version__
from bot.cli.credits_options import add_subcommands
from bot.ops.logs import configure
from bot.settings import Settings, SettingsError, load

if TYPE_CHECKING:
    from bot.faces.detection import FaceDetector

FACE_PACKAGES = ("cv2", "numpy")
SANDBOX_PACKAGES = (*FACE_PACKAGES, "simcord")


class CliError(Exception):
    """The program cannot go on; the message is one sentence for the operator."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except (SettingsError, CliError) as error:
        print(f"doppel: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="doppel", description="Face swaps for a Discord community.")
    parser.add_argument("--version", action="version", version=f"doppel {__version__}")
    parser.add_argument("--config", type=Path, help="another file than config/doppel.toml")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="run the bot")
    run.set_defaults(command=_run)

    check = commands.add_parser("check", help="say what is configured, reachable and missing")
    check.set_defaults(command=_check)

    health = commands.add_parser("health", help="ask a running bot whether it is well: exit code 0 or 1")
    health.add_argument("--ready", action="store_true", help="whether it takes orders, too")
    health.set_defaults(command=_health)

    pause = commands.add_parser("pause", help="let no new job go to Segmind, until `doppel resume`")
    pause.set_defaults(command=_pause)

    resume = commands.add_parser("resume", help="let jobs that wait for it go to Segmind again")
    resume.set_defaults(command=_resume)

    credits_ = commands.add_parser("credits", help="the books: audit, report, grant")
    add_subcommands(credits_)
    credits_.set_defaults(command=_credits)

    forgive = commands.add_parser("forgive", help="let pictures come again that you refused everywhere")
    forgive.add_argument("job", help="the id in the report on whose card you pressed Never again")
    forgive.set_defaults(command=_forgive)

    backup = commands.add_parser("backup", help="copy the SQLite database while the bot runs")
    backup.add_argument("file", type=Path, help="a new file")
    backup.set_defaults(command=_backup)

    restore = commands.add_parser("restore", help="put a backup in the database's place")
    restore.add_argument("file", type=Path, help="what `doppel backup` wrote")
    restore.set_defaults(command=_restore)

    sandbox = commands.add_parser("sandbox", help="the whole bot in a browser, without an account")
    sandbox.add_argument("--port", type=int, default=8600, help="where the page is served (default: 8600)")
    sandbox.add_argument(
        "--speed", type=float, default=10.0, help="how much faster than Segmind (default: 10)"
    )
    sandbox.add_argument("--host", default="127.0.0.1", help="where to listen (default: 127.0.0.1)")
    sandbox.add_argument("--fresh", action="store_true", help="forget the credits and jobs of earlier times")
    sandbox.add_argument("--no-browser", action="store_true", help="only print the address")
    sandbox.set_defaults(command=_sandbox)

    segmind = commands.add_parser("segmind", help="the local Segmind by itself")
    segmind.add_argument("--host", default="127.0.0.1")
    segmind.add_argument("--port", type=int, default=8700)
    segmind.add_argument(
        "--speed", type=float, default=10.0, help="how much faster than Segmind (default: 10)"
    )
    segmind.set_defaults(command=_segmind)
    return parser


def _run(options: argparse.Namespace) -> int:
    import aiohttp
    import discord

    from bot.cli.run import run
    from bot.ops.web import CannotListen
    from bot.store import StoreError

    settings = _settings(options)
    if settings.discord.token is None:
        raise CliError(
            "there is no token for Discord: set DISCORD_TOKEN in the environment or in config/secrets.env."
        )
    if settings.segmind.key is None:
        raise CliError(
            "there is no key for Segmind: set SEGMIND_API_KEY in the environment or in config/secrets.env."
        )
    try:
        asyncio.run(run(settings, face_detector=_face_detector()))
    except (StoreError, CannotListen) as error:
        raise CliError(f"{error}.") from error
    except discord.LoginFailure as error:
        raise CliError(
            "Discord does not accept the token: copy it anew from the developer portal."
        ) from error
    except discord.app_commands.CommandSyncFailure as error:
        raise CliError(f"Discord does not take the commands as they are: {error}") from error
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        raise CliError(
            f"Discord cannot be reached ({type(error).__name__}): try again in a minute."
        ) from error
    return 0


def _check(options: argparse.Namespace) -> int:
    from bot.cli.check import check, table

    settings = _settings(options)
    # The table says it all; what led to it would only stand in between.
    configure(format=settings.ops.log_format, level="error", secrets=settings.secrets)
    findings = asyncio.run(check(settings))
    print(table(findings))
    return 0 if all(finding.good for finding in findings) else 1


def _health(options: argparse.Namespace) -> int:
    from bot.ops.health import asked

    address = load(options.config).ops.address
    if address is None:
        raise CliError("health is not served: set ops.listen, or DOPPEL_OPS__LISTEN in the environment.")
    well, words = asked(*address, "/readyz" if options.ready else "/healthz")
    print(words)
    return 0 if well else 1


def _pause(options: argparse.Namespace) -> int:
    from bot.cli.operator import pause
    from bot.clock import WallClock

    with _as_cli_error():
        since = asyncio.run(pause(_settings(options), WallClock()))
    print(f"Paused since {since:%Y-%m-%d %H:%M} UTC: orders wait, and `doppel resume` lets them go on.")
    return 0


def _resume(options: argparse.Namespace) -> int:
    from bot.cli.operator import resume
    from bot.clock import WallClock

    with _as_cli_error():
        was_paused = asyncio.run(resume(_settings(options), WallClock()))
    print("New jobs go on." if was_paused else "Nothing was paused.")
    return 0


def _credits(options: argparse.Namespace) -> int:
    from bot.cli.credits import run
    from bot.clock import WallClock

    settings = _settings(options)
    with _as_cli_error():
        outcome = asyncio.run(run(options, settings, WallClock()))
    if outcome.picture is not None:
        with _as_cli_error(options.chart):
            options.chart.write_bytes(outcome.picture)
    print(outcome.words)
    return outcome.code


def _forgive(options: argparse.Namespace) -> int:
    from bot.cli.operator import forgive
    from bot.clock import WallClock

    with _as_cli_error():
        count = asyncio.run(forgive(options.job, _settings(options), WallClock()))
    if not count:
        raise CliError("nothing of this job is on the list of all servers; servers have lists of their own.")
    print(
        f"The pictures of the job {options.job} may come again: {count} fingerprints were taken off the list."
    )
    return 0


def _backup(options: argparse.Namespace) -> int:
    from bot.store.backup import back_up

    settings = _settings(options)
    with _as_cli_error(options.file):
        size = back_up(settings.database.url.get_secret_value(), options.file)
    print(f"{options.file} holds the database as it is now ({size:,} bytes).")
    return 0


def _restore(options: argparse.Namespace) -> int:
    from bot.store.backup import restore

    settings = _settings(options)
    with _as_cli_error(options.file, "restored"):
        restored = restore(settings.database.url.get_secret_value(), options.file)
    if restored.kept is not None:
        print(f"What was there before lies in {restored.kept}.")
    print(
        f"Restored. The next start goes on with {restored.open_jobs} open jobs; {restored.in_doubt} that"
        " waited may have been sent since, and are looked for at Segmind instead of being sent."
    )
    return 0


def _sandbox(options: argparse.Namespace) -> int:
    _require_sandbox()
    from bot.sandbox.app import SandboxOptions, run_sandbox
    from bot.sandbox.errors import SandboxError

    settings = _settings(options)
    wishes = SandboxOptions(
        options.port,
        options.speed,
        fresh=options.fresh,
        browser=not options.no_browser,
        host=options.host,
    )
    try:
        asyncio.run(run_sandbox(settings, wishes))
    except SandboxError as error:
        raise CliError(f"{error}.") from error
    except OSError as error:
        if error.filename is None:
            raise
        raise CliError(
            f"{error.filename} cannot be written: {error.strerror}. "
            "Start the sandbox in a folder that you can write to and that has room."
        ) from error
    return 0


def _segmind(options: argparse.Namespace) -> int:
    _require_sandbox()
    from bot.sandbox.errors import SandboxError
    from bot.sandbox.segmind_server import serve

    configure(format="human", level="info")
    try:
        asyncio.run(serve(options.host, options.port, options.speed))
    except SandboxError as error:
        raise CliError(f"{error}.") from error
    return 0


@contextmanager
def _as_cli_error(file: Path | None = None, cannot_be: str = "written") -> Generator[None]:
    """What goes wrong with the database, or with the file that was named, is one sentence."""
    from bot.store import StoreError

    try:
        yield
    except StoreError as error:
        raise CliError(f"{error}.") from error
    except OSError as error:
        if file is None:
            raise
        raise CliError(f"{file} cannot be {cannot_be}: {error.strerror}.") from error


def _settings(options: argparse.Namespace) -> Settings:
    settings = load(options.config)
    configure(format=settings.ops.log_format, level=settings.ops.log_level, secrets=settings.secrets)
    return settings


def _face_detector() -> "FaceDetector | None":
    """What finds faces in pictures, where the packages for it are installed."""
    if any(importlib.util.find_spec(name) is None for name in FACE_PACKAGES):
        return None
    from bot.sandbox.faces.detection.detector import LocalFaceDetector

    return LocalFaceDetector()


def _require_sandbox() -> None:
    missing = [name for name in SANDBOX_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise CliError(
            f"the sandbox needs packages that are not installed ({', '.join(missing)}): "
            "type `make sandbox`, or `pip install 'doppel[sandbox]'`."
        )


if __name__ == "__main__":
    sys.exit(main())
