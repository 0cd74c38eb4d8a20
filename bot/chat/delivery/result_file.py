"""Makes a file that Discord accepts of a result: inspected, marked, made to fit, signed and described."""

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

# Results come from Segmind, not from members; these limits only keep a broken one from filling the memory.
RESULT_LIMITS = probe.Limits(
    picture_bytes=200 * 2**20, video_bytes=200 * 2**20, video_seconds=3600, frames=500_000, min_side=1
)

# Upload limit in bytes that every channel allows. The limit that an interaction reports can be higher than
# that of the channel in which the result is sent later.
MIN_UPLOAD_LIMIT = 10 * 2**20

# Seconds to make one result fit; after that, the card shows its link instead.
FIT_TIMEOUT = 90.0


@dataclass(frozen=True, slots=True)
class Result:
    """File with the result of a job."""

    content: bytes
    filename: str
    alt: str
    limit: int
    """Number of bytes that the file was allowed to have."""

    def file(self) -> discord.File:
        return discord.File(io.BytesIO(self.content), self.filename, description=self.alt)


class Results:
    """Turns the results of jobs into files."""

    def __init__(
        self,
        cards: Mapping[str, ModelCard],
        text: Text,
        c2pa_signer: C2paSigner | None = None,
        *,
        fit_timeout: float = FIT_TIMEOUT,
    ) -> None:
        self._cards = cards
        self._text = text
        self._c2pa_signer = c2pa_signer
        self._fit_timeout = fit_timeout
        # Encoding uses all cores and much memory, so one result at a time is made to fit.
        self._encoder = asyncio.Lock()

    async def prepare(self, job: Job, content: bytes, limit: int) -> Result | None:
        """Return a file of at most `limit` bytes, or None where the result cannot be made to fit."""
        signature_bytes = 0 if self._c2pa_signer is None else self._c2pa_signer.reserved_bytes
        try:
            marked, media = await asyncio.to_thread(_mark, content)
            fitted = await self._fit(marked, media, limit - signature_bytes)
        except (probe.UnusableMedia, fit.CannotFit) as error:
            log.warning("result not attached", error=type(error).__name__, size=len(content))
            return None
        # Signing comes last, because any later change to the file would break the signature.
        content = await self._sign(fitted)
        alt = self._text(f"alt.{media.kind}", title=self._cards[job.slug].title)
        prefix = SPOILER if job.place.spoiler else ""
        return Result(content, f"{prefix}{job.slug}-{job.id}{fitted.suffix}", alt, limit)

    async def _sign(self, fitted: Fitted) -> bytes:
        if self._c2pa_signer is None:
            return fitted.content
        return await self._c2pa_signer.sign(fitted.content, fitted.media_type)

    async def _fit(self, content: bytes, media: probe.Media, limit: int) -> Fitted:
        if len(content) <= limit:
            return Fitted(content, media.media_type, media.suffix)
        async with self._encoder:
            deadline = Deadline(self._fit_timeout)
            try:
                return await asyncio.to_thread(fit.fit, content, media, limit, deadline)
            finally:
                # When the bot shuts down, this task is cancelled and nobody waits for the thread any more.
                deadline.stop()


def _mark(content: bytes) -> tuple[bytes, probe.Media]:
    media = probe.inspect(content, RESULT_LIMITS)
    return provenance.mark(content, media.media_type), media
