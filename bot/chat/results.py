"""A result becomes a file that Discord takes: looked at, marked, made to fit, described."""

import asyncio
import io
from dataclasses import dataclass

import discord
import structlog

from bot.chat.text import Text
from bot.jobs.job import Job
from bot.media import deliver, inspect, provenance
from bot.models import ModelCard

log = structlog.stdlib.get_logger(__name__)

# Results come from Segmind, not from members; these bounds only keep a broken one from taking all memory.
RESULT_LIMITS = inspect.Limits(
    picture_bytes=200 * 2**20, video_bytes=200 * 2**20, video_seconds=3600, frames=500_000, min_side=1
)


@dataclass(frozen=True, slots=True)
class Result:
    content: bytes
    filename: str
    alt: str

    def file(self) -> discord.File:
        return discord.File(io.BytesIO(self.content), self.filename, description=self.alt)


class Results:
    def __init__(self, cards: dict[str, ModelCard], text: Text) -> None:
        self._cards = cards
        self._text = text

    async def prepare(self, job: Job, content: bytes) -> Result | None:
        """The file to attach, or none where nothing fits there."""
        try:
            return await asyncio.to_thread(self._prepare, job, content)
        except (inspect.UnusableMedia, deliver.CannotFit) as error:
            log.warning("the result cannot be attached", error=type(error).__name__, size=len(content))
            return None

    def _prepare(self, job: Job, content: bytes) -> Result:
        media = inspect.inspect(content, RESULT_LIMITS)
        marked = provenance.mark(content, media.media_type)
        fitted = deliver.fit(marked, media, job.place.upload_limit)
        alt = self._text(f"alt.{media.kind}", title=self._cards[job.slug].title)
        return Result(fitted.content, f"{job.slug}-{job.id}{fitted.suffix}", alt)
