"""Results that could not be delivered, fetched again as long as Segmind keeps them."""

import structlog

from bot.chat.delivery.result_file import RESULT_LIMITS, Result, Results
from bot.chat.orders.reorder import Source
from bot.jobs.job import Job
from bot.segmind.errors import SegmindError
from bot.segmind.outputs import Link

log = structlog.stdlib.get_logger(__name__)


class UndeliveredResults:
    """Fetches an undelivered result again and makes a file of it."""

    def __init__(self, source: Source, results: Results) -> None:
        self._source = source
        self._results = results

    async def fetch(self, job: Job, limit: int) -> Result | None:
        """Return the result as a file of at most `limit` bytes, or None where only its link can be shown."""
        if job.output is None:
            return None
        try:
            content = await self._source.fetch(Link(job.output), limit=RESULT_LIMITS.video_bytes)
        except SegmindError as error:
            log.info("undelivered result not fetched", job=job.id, error=type(error).__name__)
            return None
        return await self._results.prepare(job, content, limit)
