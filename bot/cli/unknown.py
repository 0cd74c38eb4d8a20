"""`doppel unknown`: jobs whose outcome nobody knows, and the operator's decision to release one."""

import argparse
import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.cli.operator import operator_connection
from bot.cli.startup import CliError, as_cli_error, load_settings
from bot.clock import Clock, WallClock
from bot.settings import Settings
from bot.store.read.requests import UnknownOutcome


async def unknown(settings: Settings, clock: Clock) -> Sequence[UnknownOutcome]:
    """Return the jobs of unknown outcome, oldest first."""
    async with operator_connection(settings, clock, writing=False) as connection:
        return await connection.unknown_outcomes()


async def release(job_id: str, settings: Settings, clock: Clock) -> bool:
    """Let the bot release a job of unknown outcome; return whether there is such a job."""
    async with operator_connection(settings, clock, writing=True) as connection:
        return await connection.release_unknown(job_id)


def unknown_command(options: argparse.Namespace) -> int:
    settings = load_settings(options)
    if options.release is not None:
        with as_cli_error():
            is_unknown = asyncio.run(release(options.release, settings, WallClock()))
        if not is_unknown:
            raise CliError("no job with an unknown outcome has this id; `doppel unknown` lists them.")
        print(
            f"The bot returns the credits of the job {options.release}"
            " when the usual time for searching its request is over."
        )
        return 0
    with as_cli_error():
        jobs = asyncio.run(unknown(settings, WallClock()))
    for job in jobs:
        sent_at = datetime.fromtimestamp(job.submitted_at, UTC)
        print(f"{job.id}  sent {sent_at:%Y-%m-%d %H:%M:%S} UTC  {job.slug}  nonce {job.nonce}")
    if not jobs:
        print("No job has an unknown outcome.")
    return 0
