"""`doppel pause`, `resume` and `forgive`: an operator's changes next to a running bot.

Each function raises `StoreError` if there is no database.
"""

import argparse
import asyncio
from datetime import UTC, datetime

from bot.administration.audit import AuditAction
from bot.cli.startup import CliError, as_cli_error, load_settings
from bot.clock import Clock, WallClock
from bot.jobs.supervision import pause as operator_pause
from bot.ledger.ledger import OPERATOR, AuditEntry
from bot.settings import Settings
from bot.store import OperatorConnection


def operator_connection(settings: Settings, clock: Clock, *, writing: bool) -> OperatorConnection:
    """Connection to the database next to a running bot."""
    url = settings.database.url.get_secret_value()
    return OperatorConnection(url, start=settings.credits.start, clock=clock, writing=writing)


async def pause(settings: Settings, clock: Clock) -> datetime:
    """Pause submissions, as the switch of the dashboard does; return since when they are paused."""
    async with operator_connection(settings, clock, writing=True) as connection:
        return datetime.fromtimestamp(await operator_pause.pause(connection, clock.now()), UTC)


async def resume(settings: Settings, clock: Clock) -> bool:
    """Resume submissions; return whether they were paused."""
    async with operator_connection(settings, clock, writing=True) as connection:
        since = await operator_pause.paused_since(connection)
        await operator_pause.resume(connection)
    return since is not None


async def forgive(job_id: str, settings: Settings, clock: Clock) -> int:
    """Remove a job's fingerprints from the list of all servers; return how many there were."""
    async with operator_connection(settings, clock, writing=True) as connection:
        return await connection.forgive(job_id, AuditEntry(OPERATOR, AuditAction.AGAIN, {"job": job_id}))


def pause_command(options: argparse.Namespace) -> int:
    with as_cli_error():
        since = asyncio.run(pause(load_settings(options), WallClock()))
    print(f"Paused since {since:%Y-%m-%d %H:%M} UTC: orders wait until `doppel resume`.")
    return 0


def resume_command(options: argparse.Namespace) -> int:
    with as_cli_error():
        was_paused = asyncio.run(resume(load_settings(options), WallClock()))
    print("Resumed." if was_paused else "Nothing was paused.")
    return 0


def forgive_command(options: argparse.Namespace) -> int:
    with as_cli_error():
        count = asyncio.run(forgive(options.job, load_settings(options), WallClock()))
    if not count:
        raise CliError(
            "no picture of this job is on the list for all servers; each server also has its own list."
        )
    print(
        f"The pictures of the job {options.job} are allowed again:"
        f" {count} fingerprints were removed from the list."
    )
    return 0
