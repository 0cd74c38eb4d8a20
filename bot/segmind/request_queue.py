"""Queue of requests to one service: which of them goes next (pure)."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from math import inf

from bot.segmind.polling import PollPlan

# Ranking takes longer the more polls wait, so it is repeated after this many seconds per poll.
_RANKING_INTERVAL = 0.005


class RequestKind(Enum):
    """Purpose of a request, which decides its priority."""

    SUBMISSION = "submission"
    UPLOAD = "upload"
    RESULT = "result"
    """Frees its job's capacity, so it goes before the polls of other jobs."""
    POLL = "poll"
    OTHER = "other"

    @property
    def is_order(self) -> bool:
        """Return whether a member waits for this request to begin."""
        return self in {RequestKind.SUBMISSION, RequestKind.UPLOAD}

    @property
    def reflects_api_health(self) -> bool:
        """Return whether the API itself responds: uploads, history and catalogue have hosts of their own."""
        return self in {RequestKind.SUBMISSION, RequestKind.RESULT, RequestKind.POLL}


@dataclass(slots=True, eq=False)
class Waiter:
    """Request that waits for its turn; a poll of a job says how urgent it is."""

    kind: RequestKind
    on_outage: Callable[[], None]
    plan: PollPlan | None = None
    granted: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """Resolves when the request may go; true makes it the probe."""

    @property
    def is_done(self) -> bool:
        return self.granted.done()

    def is_spare(self, now: float) -> bool:
        """Return whether the request is a poll of a job that has hardly ended yet."""
        return self.plan is not None and not self.plan.is_likely(now)


class RequestQueue:
    """Waiting requests by priority.

    Results go first, because each ends a member's wait. Orders take turns with polls of jobs that have likely
    ended, and with all other requests. The remaining polls come last, the most urgent first.
    """

    def __init__(self) -> None:
        self._orders: deque[Waiter] = deque()
        self._results: deque[Waiter] = deque()
        self._others: deque[Waiter] = deque()
        self._polls: dict[Waiter, PollPlan] = {}
        # Polls as they were ranked last, the most urgent at the end: all of them, and the likely ones.
        self._ranked: list[Waiter] = []
        self._likely: list[Waiter] = []
        self._ranked_at = -inf
        self._order_went_last = False

    @property
    def orders(self) -> Iterator[Waiter]:
        """Orders that wait, the first one first."""
        return (waiter for waiter in [*self._orders] if not waiter.is_done)

    @property
    def has_orders(self) -> bool:
        return _first(self._orders) is not None

    def add(self, waiter: Waiter) -> None:
        if waiter.plan is not None:
            self._polls[waiter] = waiter.plan
        else:
            self._queue_of(waiter.kind).append(waiter)

    def discard(self, waiter: Waiter) -> None:
        """Remove a request that was cancelled or may go now; do nothing if it waits no longer."""
        if waiter.plan is not None:
            self._polls.pop(waiter, None)
        elif waiter in (queue := self._queue_of(waiter.kind)):
            queue.remove(waiter)

    def take(self, waiter: Waiter) -> None:
        """Remove a request because it goes now."""
        self.discard(waiter)
        self._order_went_last = waiter.kind.is_order

    def next(self, now: float) -> Waiter | None:
        """Return the request that goes next, and leave it in the queue."""
        if (result := _first(self._results)) is not None:
            return result
        order, other = _first(self._orders), _first(self._others)
        if order is not None and not self._order_went_last:
            return order
        if other is not None:
            return other
        self._rank(now)
        if order is None:
            return self._last(self._ranked)
        return self._last(self._likely) or order

    def next_probe(self, now: float) -> Waiter | None:
        """Return a result or a poll, which may find out whether the service works again."""
        polls = (each for each in self._others if each.kind is RequestKind.POLL and not each.is_done)
        self._rank(now)
        return _first(self._results) or self._last(self._ranked) or next(polls, None)

    def _rank(self, now: float) -> None:
        """Rank the polls again, unless they were ranked recently and some of them are left."""
        is_recent = now - self._ranked_at < len(self._polls) * _RANKING_INTERVAL
        if not self._polls or (is_recent and self._last(self._ranked) is not None):
            return
        self._ranked = sorted(self._polls, key=lambda waiter: self._polls[waiter].urgency(now))
        self._likely = [waiter for waiter in self._ranked if not waiter.is_spare(now)]
        self._ranked_at = now

    def _last(self, ranked: list[Waiter]) -> Waiter | None:
        while ranked:
            if (waiter := ranked[-1]) in self._polls and not waiter.is_done:
                return waiter
            ranked.pop()
        return None

    def _queue_of(self, kind: RequestKind) -> deque[Waiter]:
        if kind.is_order:
            return self._orders
        return self._results if kind is RequestKind.RESULT else self._others


def _first(queue: deque[Waiter]) -> Waiter | None:
    # Cancelled requests stay in the queue until they reach its front.
    while queue and queue[0].is_done:
        queue.popleft()
    return queue[0] if queue else None
