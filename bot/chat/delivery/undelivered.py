"""A result that waited for its member: fetched once more, as long as Segmind has it."""

import structlog

from bot.chat.delivery.result_file import RESULT_LIMITS, Result, Results
from bot.chat.orders.reorder import Source
from bot.jobs.job import Job
from bot.segmind.protocol import Link, SegmindError

log = structlog.stdlib.get_logger(__name__)


class KeptResults:
    def __init__(self, source: Source, results: Results) -> None:
        self._source = source
        self._results = results

    async def fetch(self, job: Job, limit: int) -> Result | None:
        """As a file of at most so many bytes, or none: then the card says where it can be had."""
        if job.output is None:
            return None
        try:
            content = await self._source.fetch(Link(job.output), limit=RESULT_LIMITS.video_bytes)
        except SegmindError as error:
            log.info("a kept result cannot be fetched", job=job.id, error=type(error).__name__)
            return None
        return await self._results.prepare(job, content, limit)
