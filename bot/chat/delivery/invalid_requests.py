"""Discord bans an address that is refused too often: its refusals are counted, and edits spared in time."""

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
_REFUSED = frozenset({401, 403, 429})
# The shares of what Discord bears at which more is spared. The last bit is left for answers to commands.
_SHARES = (0.5, 0.8, 0.95)
_SELDOM = 30.0
_LOOK_AGAIN = 15.0


class ThrottleLevel(IntEnum):
    """What is spared."""

    NOTHING = 0
    MOST_STAGES = 1
    """Of each job's passing stages, one in a while is shown."""
    ALL_STAGES = 2
    ENDS = 3
    """Even the ends wait."""


class InvalidRequestCounter:
    """Counts every answer of 401, 403 and 429, of which Discord bears `most` in ten minutes."""

    def __init__(
        self,
        clock: Clock,
        *,
        most: int,
        heard: Callable[[str, str, int], None] = lambda _method, _path, _status: None,
    ) -> None:
        """`heard` is told of every answer: the method and the path that were asked, and the status."""
        self._clock = clock
        self._most = most
        self._heard = heard
        self._times: deque[float] = deque(maxlen=most)
        self._known = ThrottleLevel.NOTHING

    @property
    def recent(self) -> int:
        """How many refusals Discord still holds against the bot."""
        since = self._clock.now() - WINDOW
        while self._times and self._times[0] <= since:
            self._times.popleft()
        return len(self._times)

    @property
    def thrift(self) -> ThrottleLevel:
        recent = self.recent
        thrift = ThrottleLevel(sum(recent >= share * self._most for share in _SHARES))
        if thrift is not self._known:
            self._tell(thrift)
        return thrift

    def trace(self) -> aiohttp.TraceConfig:
        """What discord.py calls for each answer, of its REST as of its webhooks: one session carries both."""
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._on_answer)
        return trace

    async def _on_answer(
        self, session: aiohttp.ClientSession, context: SimpleNamespace, answer: aiohttp.TraceRequestEndParams
    ) -> None:
        del session, context
        # Attachments come from other hosts, which count for themselves.
        if str(answer.url).startswith(Route.BASE):
            self._heard(answer.method, answer.url.path, answer.response.status)
            self.count(answer.response.status, answer.response.headers.get("X-RateLimit-Scope", ""))

    def count(self, status: int, scope: str = "") -> None:
        # A limit that others have used up is not held against this bot.
        if status in _REFUSED and scope != "shared":
            self._times.append(self._clock.now())
            _ = self.thrift

    def _tell(self, thrift: ThrottleLevel) -> None:
        tell = log.warning if thrift > self._known else log.info
        tell(
            "Discord refuses requests, and bans the address for too many"
            if thrift
            else "Discord refuses few requests again",
            refused=len(self._times),
            bears=self._most,
            spared=thrift.name.lower().replace("_", " "),
        )
        self._known = thrift


class ThrottledWatcher:
    """A watcher before another one: it shows less, and the ends last, when Discord's patience runs out."""

    def __init__(self, watcher: Watcher, refusals: InvalidRequestCounter, clock: Clock) -> None:
        self._watcher = watcher
        self._refusals = refusals
        self._clock = clock
        self._shown: dict[str, float] = {}

    def show(self, job: Job, stage: Stage) -> None:
        thrift, now = self._refusals.thrift, self._clock.now()
        if thrift >= ThrottleLevel.ALL_STAGES:
            return
        if thrift is ThrottleLevel.MOST_STAGES and now < self._shown.get(job.id, 0.0) + _SELDOM:
            return
        self._shown[job.id] = now
        self._watcher.show(job, stage)

    async def finish(self, job: Job, result: bytes | None) -> Delivery | Refund:
        self._shown.pop(job.id, None)
        while self._refusals.thrift is ThrottleLevel.ENDS:
            await self._clock.sleep(_LOOK_AGAIN)
        return await self._watcher.finish(job, result)
