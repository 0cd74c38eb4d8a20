"""Counter of the requests that Discord rejects, and a watcher that sends less before Discord bans the bot.

Discord bans an IP address for too many responses of 401, 403 and 429 within ten minutes.
https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
"""

from collections import deque
from collections.abc import Callable
from enum import IntEnum
from types import SimpleNamespace

import aiohttp
import structlog
from discord.http import Route

from bot.clock import Clock
from bot.jobs.delivery import Delivery, Refund
from bot.jobs.job import Job
from bot.jobs.ports import Watcher
from bot.jobs.stages import Stage

log = structlog.stdlib.get_logger(__name__)

WINDOW = 600.0
_INVALID = frozenset({401, 403, 429})
# Shares of the limit at which the next level begins. The rest is left for replies to commands.
_SHARES = (0.5, 0.8, 0.95)
# In seconds: between two stages of one job at the level MOST_STAGES, and between two checks at RESULTS.
_STAGE_INTERVAL = 30.0
_CHECK_INTERVAL = 15.0


class ThrottleLevel(IntEnum):
    """Messages that are skipped or delayed."""

    NOTHING = 0
    MOST_STAGES = 1
    """A job shows one stage every 30 seconds at most."""
    ALL_STAGES = 2
    RESULTS = 3
    """Results wait as well."""


class InvalidRequestCounter:
    """Count of the responses of 401, 403 and 429 in the last ten minutes, of which Discord allows `limit`."""

    def __init__(
        self,
        clock: Clock,
        *,
        limit: int,
        on_response: Callable[[str, str, int], None] = lambda _method, _path, _status: None,
    ) -> None:
        """Call `on_response` with the method, path and status of every request to Discord."""
        self._clock = clock
        self._limit = limit
        self._on_response = on_response
        self._times: deque[float] = deque(maxlen=limit)
        self._logged_level = ThrottleLevel.NOTHING

    @property
    def recent(self) -> int:
        """Number of invalid requests that Discord still counts."""
        since = self._clock.now() - WINDOW
        while self._times and self._times[0] <= since:
            self._times.popleft()
        return len(self._times)

    @property
    def level(self) -> ThrottleLevel:
        recent = self.recent
        level = ThrottleLevel(sum(recent >= share * self._limit for share in _SHARES))
        if level is not self._logged_level:
            self._log_change(level)
        return level

    def is_throttled(self) -> bool:
        return self.level is not ThrottleLevel.NOTHING

    def trace(self) -> aiohttp.TraceConfig:
        """Trace for discord.py's aiohttp session, which carries both REST and webhook requests."""
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._on_request_end)
        return trace

    async def _on_request_end(
        self, session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        del session, context
        # Attachments come from other hosts, which count for themselves.
        if str(params.url).startswith(Route.BASE):
            self._on_response(params.method, params.url.path, params.response.status)
            self.count(params.response.status, params.response.headers.get("X-RateLimit-Scope", ""))

    def count(self, status: int, scope: str = "") -> None:
        # Discord does not count a shared limit, which other bots have used up, against this one.
        if status in _INVALID and scope != "shared":
            self._times.append(self._clock.now())
            _ = self.level

    def _log_change(self, level: ThrottleLevel) -> None:
        write = log.warning if level > self._logged_level else log.info
        write(
            "Discord rejects requests and may ban the address" if level else "Discord accepts requests again",
            rejected=len(self._times),
            limit=self._limit,
            skipped=level.name.lower().replace("_", " "),
        )
        self._logged_level = level


class ThrottledWatcher:
    """Watcher that passes less on to another one, the closer Discord is to a ban."""

    def __init__(self, watcher: Watcher, invalid_requests: InvalidRequestCounter, clock: Clock) -> None:
        self._watcher = watcher
        self._invalid_requests = invalid_requests
        self._clock = clock
        self._shown_at: dict[str, float] = {}

    def show(self, job: Job, stage: Stage) -> None:
        level, now = self._invalid_requests.level, self._clock.now()
        if level >= ThrottleLevel.ALL_STAGES:
            return
        if level is ThrottleLevel.MOST_STAGES and now < self._shown_at.get(job.id, 0.0) + _STAGE_INTERVAL:
            return
        # The oldest stand first. A job that another process has taken over never finishes here.
        while self._shown_at and now >= next(iter(self._shown_at.values())) + _STAGE_INTERVAL:
            del self._shown_at[next(iter(self._shown_at))]
        self._shown_at.pop(job.id, None)
        self._shown_at[job.id] = now
        self._watcher.show(job, stage)

    async def finish(self, job: Job, result: bytes | None) -> Delivery | Refund:
        self._shown_at.pop(job.id, None)
        while self._invalid_requests.level is ThrottleLevel.RESULTS:
            await self._clock.sleep(_CHECK_INTERVAL)
        return await self._watcher.finish(job, result)
