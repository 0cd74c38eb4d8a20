"""`doppel detect`: whether the bot made a file, by its watermark or its fingerprint."""

import argparse
import asyncio
from datetime import UTC, datetime
from pathlib import Path

from bot.cli.operator import operator_connection
from bot.cli.startup import CliError, as_cli_error, load_settings
from bot.clock import Clock, WallClock
from bot.media import operations
from bot.media.types import Limits, UnusableMedia
from bot.media.workers import MediaWorkers
from bot.moderation.origin import Evidence
from bot.settings import Settings

_ANSWERS = {
    Evidence.WATERMARK: "Yes: it carries the watermark",
    Evidence.BYTES: "Yes: it is the file that Segmind made",
    Evidence.LIKENESS: "Perhaps: it looks like the result, or like the picture used for it",
}


async def detect(content: bytes, settings: Settings, clock: Clock) -> str:
    """Return the answer in a sentence; raises `UnusableMedia` and `StoreError`."""
    workers = MediaWorkers()
    try:
        limits = Limits(**settings.uploads.model_dump())
        mark = await workers.detection.run(operations.detect_mark, content, limits)
    finally:
        workers.close()
    async with operator_connection(settings, clock, writing=False) as connection:
        origin = await connection.find_origin(mark, settings.safety.distance)
        if origin is None:
            return "Nothing found: it has no watermark, and no result looks like it. Marks can get lost."
        job = None if origin.job_id is None else await connection.find(origin.job_id)
    if job is None:
        day = "" if origin.day is None else f" of {datetime.fromtimestamp(origin.day, UTC):%Y-%m-%d}"
        return f"Yes, by this bot or another Doppel{day}: the job is not in this database."
    ordered = datetime.fromtimestamp(job.created_at, UTC)
    return (
        f"{_ANSWERS[origin.evidence]} of the job {job.id}, ordered on {ordered:%Y-%m-%d %H:%M} UTC"
        f" by the member {job.place.user_id} with {job.slug}."
    )


def detect_command(options: argparse.Namespace) -> int:
    path: Path = options.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CliError(f"cannot read {path}: {error.strerror}") from error
    with as_cli_error():
        try:
            print(asyncio.run(detect(content, load_settings(options), WallClock())))
        except UnusableMedia as error:
            raise CliError(
                f"{path} is not a picture or video that the bot can read: {type(error).__name__}"
            ) from error
    return 0
