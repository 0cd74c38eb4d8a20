"""Fetcher: downloads the results of jobs, and tries again for as long as a fault may be passing."""

from dataclasses import dataclass

import structlog

from bot.jobs.job import Job
from bot.jobs.outputs import output_of
from bot.jobs.ports import JobPorts
from bot.jobs.stages import Collecting
from bot.segmind.errors import DownloadFailed, SegmindError, Unavailable, UnreadableResponse
from bot.segmind.states import FORGOTTEN_AFTER

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FetchConfig:
    """Limits of downloads; times in seconds."""

    max_bytes: int = 200 * 2**20
    timeout: float = 3600.0
    """Seconds for which the download of a result is retried."""
    retry_delay: float = 5.0
    """Pause after a failed attempt, doubled each time."""
    max_retry_delay: float = 60.0
    forgotten_after: float = FORGOTTEN_AFTER
    """Age of a request up to which an answer that its result is missing is a passing fault."""


class ResultFetcher:
    """Fetches the results of jobs."""

    def __init__(self, ports: JobPorts, config: FetchConfig) -> None:
        self._segmind = ports.segmind
        self._watcher = ports.watcher
        self._clock = ports.clock
        self._config = config

    async def fetch(self, job: Job) -> bytes:
        """Fetch the result, retrying passing faults: Segmind keeps it for days."""
        until = self._clock.now() + self._config.timeout
        delay = self._config.retry_delay
        while True:
            try:
                output = await output_of(self._segmind, job)
                return await self._segmind.fetch(output, limit=self._config.max_bytes)
            except SegmindError as error:
                if self._clock.now() >= until or not self._is_passing(error, job):
                    raise
                log.warning("download of the result failed", error=error.detail, retry_in=delay)
            self._watcher.show(job, Collecting())
            await self._clock.sleep(delay)
            delay = min(2 * delay, self._config.max_retry_delay)

    def _is_passing(self, error: SegmindError, job: Job) -> bool:
        if isinstance(error, Unavailable) or (isinstance(error, DownloadFailed) and error.transient):
            return True
        # A replica that lags, or a proxy, says once that a fresh result does not exist.
        age = self._clock.now() - (job.submitted_at or job.created_at)
        return isinstance(error, DownloadFailed | UnreadableResponse) and age < self._config.forgotten_after
