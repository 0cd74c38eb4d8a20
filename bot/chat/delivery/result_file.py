"""A result becomes a file that Discord takes: looked at, marked, made to fit, signed, described."""

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass

import discord
import structlog

from bot.chat.text import Text
from bot.chat.ui.card import SPOILER
from bot.jobs.job import Job
from bot.media import fit, probe, provenance
from bot.media.deadline import Deadline
from bot.media.fit import Fitted
from bot.media.signing import C2paSigner
from bot.models import ModelCard

log = structlog.stdlib.get_logger(__name__)

# Results come from Segmind, not from members; these bounds only keep a broken one from taking all memory.
RESULT_LIMITS = probe.Limits(
    picture_bytes=200 * 2**20, video_bytes=200 * 2**20, video_seconds=3600, frames=500_000, min_side=1
)


# What every place takes, in bytes: a channel may take less than the reply in it had promised.
EVERYWHERE = 10 * 2**20

# Discord covers files whose names begin like this.

# What making one result fit may take, in seconds; after that, its address is given instead.
MOST_EFFORT = 90.0


@dataclass(frozen=True, slots=True)
class Result:
    content: bytes
    filename: str
    alt: str
    limit: int
    """The bytes that it was allowed to have."""

    def file(self) -> discord.File:
        return discord.File(io.BytesIO(self.content), self.filename, description=self.alt)


class Results:
    def __init__(
        self,
        cards: Mapping[str, ModelCard],
        text: Text,
        c2pa_signer: C2paSigner | None = None,
        *,
        most_effort: float = MOST_EFFORT,
    ) -> None:
        self._cards = cards
        self._text = text
        self._c2pa_signer = c2pa_signer
        self._most_effort = most_effort
        # Encoding takes all cores and much memory, so one result at a time is made to fit.
        self._encoder = asyncio.Lock()

    async def prepare(self, job: Job, content: bytes, limit: int) -> Result | None:
        """The file to attach, of at most so many bytes, or none where nothing fits there."""
        try:
            marked, media = await asyncio.to_thread(_marked, content)
            fitted = await self._fitted(marked, media, limit - self._room)
        except (probe.UnusableMedia, fit.CannotFit) as error:
            log.warning("the result cannot be attached", error=type(error).__name__, size=len(content))
            return None
        # Last, as whatever changes the file afterwards would break the signature.
        content = await self._signed(fitted)
        alt = self._text(f"alt.{media.kind}", title=self._cards[job.slug].title)
        covered = SPOILER if job.place.spoiler else ""
        return Result(content, f"{covered}{job.slug}-{job.id}{fitted.suffix}", alt, limit)

    @property
    def _room(self) -> int:
        return 0 if self._c2pa_signer is None else self._c2pa_signer.reserved_bytes

    async def _signed(self, fitted: Fitted) -> bytes:
        if self._c2pa_signer is None:
            return fitted.content
        return await self._c2pa_signer.sign(fitted.content, fitted.media_type)

    async def _fitted(self, content: bytes, media: probe.Media, limit: int) -> Fitted:
        if len(content) <= limit:
            return Fitted(content, media.media_type, media.suffix)
        async with self._encoder:
            effort = Deadline(self._most_effort)
            try:
                return await asyncio.to_thread(fit.fit, content, media, limit, effort)
            finally:
                # Nobody waits for the thread any more where the bot is told to stop.
                effort.stop()


def _marked(content: bytes) -> tuple[bytes, probe.Media]:
    media = probe.inspect(content, RESULT_LIMITS)
    return provenance.mark(content, media.media_type), media
