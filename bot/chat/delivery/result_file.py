"""Makes a file that Discord accepts of a result: inspected, marked, made to fit, signed and described."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from bot.chat.text import Text
from bot.chat.ui.card import SPOILER
from bot.chat.ui.uploads import AttachedFile
from bot.faces.detection import AgeEstimator
from bot.jobs.job import Job
from bot.media import operations
from bot.media.fingerprints import Fingerprint
from bot.media.marks.choice import Marks
from bot.media.signing import C2paSigner
from bot.media.types import CannotFit, Compromise, Fitted, Judgement, Limits, Media, TooCostly, UnusableMedia
from bot.media.watermark.code import MarkCode
from bot.media.worker.process import WorkerFailed
from bot.media.workers import FIT_SECONDS, MediaWorkers
from bot.media_kind import MediaKind
from bot.models import ModelCard
from bot.settings import Settings, SettingsError

log = structlog.stdlib.get_logger(__name__)

# Results come from Segmind, not from members; these limits only keep a broken one from filling the memory.
RESULT_LIMITS = Limits(
    picture_bytes=200 * 2**20, video_bytes=200 * 2**20, video_seconds=3600, frames=500_000, min_side=1
)

# Upload limit in bytes that every channel allows. The limit that an interaction reports can be higher than
# that of the channel in which the result is sent later.
MIN_UPLOAD_LIMIT = 10 * 2**20


@dataclass(frozen=True, slots=True)
class Result(AttachedFile):
    """File with the result of a job."""

    limit: int
    """Number of bytes that the file was allowed to have."""
    compromise: Compromise | None = None


class Results:
    """Turns the results of jobs into files."""

    def __init__(
        self,
        settings: Settings,
        cards: Mapping[str, ModelCard],
        text: Text,
        workers: MediaWorkers,
        c2pa_signer: C2paSigner | None = None,
        *,
        age_estimator: AgeEstimator | None = None,
        fit_seconds: float = FIT_SECONDS,
    ) -> None:
        """Raises `SettingsError` if the settings need an `age_estimator` and there is none."""
        self._marks, self._safety = settings.marks, settings.safety
        if self._safety.min_age is not None and age_estimator is None:
            raise SettingsError(["safety.min_age needs the face detection: install the lock `sandbox`"])
        self._cards = cards
        self._text = text
        self._workers = workers
        self._c2pa_signer = c2pa_signer
        self._age_estimator = age_estimator
        self._fit_seconds = fit_seconds

    async def prepare(self, job: Job, content: bytes, limit: int) -> Result | None:
        """Return a file of at most `limit` bytes, or None where the result cannot be made to fit."""
        signature_bytes = 0 if self._c2pa_signer is None else self._c2pa_signer.reserved_bytes
        try:
            media, fitted = await self._fit(job, content, limit - signature_bytes)
        except (UnusableMedia, CannotFit, WorkerFailed) as error:
            log.warning("result not attached", error=type(error).__name__, size=len(content))
            return None
        # Signing comes last, because any later change to the file would break the signature.
        content = await self._sign(fitted)
        alt = self._text(f"alt.{media.kind}", title=self._cards[job.slug].title)
        prefix = SPOILER if job.place.spoiler else ""
        return Result(content, f"{prefix}{job.slug}-{job.id}{fitted.suffix}", alt, limit, fitted.compromise)

    async def judge(self, content: bytes) -> Judgement:
        """Let the safety gate judge a result."""
        judgement = await self._judge_content(content)
        return await self._judge_age(content) if judgement is Judgement.SAFE else judgement

    async def _judge_content(self, content: bytes) -> Judgement:
        safety = self._safety
        if safety.explicit is None:
            return Judgement.SAFE
        limits = replace(RESULT_LIMITS, explicit=safety.explicit, doubtful=safety.doubtful)
        try:
            return await self._workers.results.run(operations.judge, content, limits)
        except (UnusableMedia, WorkerFailed):
            return Judgement.UNJUDGED

    async def _judge_age(self, content: bytes) -> Judgement:
        """Doubt a picture with a face that looks younger than the operator allows."""
        min_age = self._safety.min_age
        if min_age is None or self._age_estimator is None:
            return Judgement.SAFE
        try:
            age = await self._workers.faces.run(self._age_estimator, content)
        except (UnusableMedia, WorkerFailed):
            return Judgement.UNJUDGED
        return Judgement.DOUBTFUL if age is not None and age < min_age else Judgement.SAFE

    async def fingerprint_of(self, content: bytes) -> Fingerprint:
        """Fingerprint of a result, for the list of blocked media."""
        try:
            return await self._workers.results.run(operations.fingerprint_of, content, RESULT_LIMITS)
        except TooCostly:
            digest = await asyncio.to_thread(hashlib.sha256, content)
            return Fingerprint(digest.hexdigest())

    async def _fit(self, job: Job, content: bytes, limit: int) -> tuple[Media, Fitted]:
        code = MarkCode.of(job.id, job.created_at) if self._marks.watermark else None
        marks = Marks(code, self._marks.label, self._marks.videos)
        marked = await self._workers.results.run(operations.mark_result, content, RESULT_LIMITS, limit, marks)
        media, compromise = marked.media, None
        if job.place.gif_loops is not None and media.kind is MediaKind.VIDEO:
            gif = await self._gif(content, media, limit, job.place.gif_loops, marks)
            if gif is not None:
                return media, gif
            compromise = Compromise.VIDEO
        if marked.content is not None:
            return media, Fitted(marked.content, media.media_type, media.suffix, compromise)
        fitted = await self._workers.encoder.run(
            operations.fit_result, content, media, limit, self._fit_seconds, marks
        )
        return media, replace(fitted, compromise=compromise)

    async def _gif(self, content: bytes, media: Media, limit: int, loops: int, marks: Marks) -> Fitted | None:
        """Return the video as a GIF, or None if it has to stay a video."""
        try:
            return await self._workers.encoder.run(
                operations.render_gif, content, media, limit, self._fit_seconds, marks, loops=loops
            )
        except (CannotFit, UnusableMedia) as error:
            log.info("result stays a video", error=type(error).__name__)
            return None

    async def _sign(self, fitted: Fitted) -> bytes:
        if self._c2pa_signer is None:
            return fitted.content
        return await self._c2pa_signer.sign(fitted.content, fitted.media_type)
