"""Monitor of the operator's balance at Segmind: reports each change once, and reopens the gate."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import structlog

from bot.clock import Clock
from bot.jobs.ports import SharedValues
from bot.jobs.waiting.submission_gate import SubmissionGate
from bot.segmind.account import Balance
from bot.segmind.errors import SegmindError
from bot.tasks import first_of

log = structlog.stdlib.get_logger(__name__)

_KEY = "balance at Segmind"
# A smaller difference is no rise: Segmind rounds.
_MIN_RISE = 0.005


class Level(StrEnum):
    """Level of the balance that was last reported."""

    FINE = "fine"
    LOW = "low"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class BalanceLow:
    """The balance has fallen below the low mark."""

    left: float
    low_mark: float


@dataclass(frozen=True, slots=True)
class BalanceEmpty:
    """Segmind refuses orders for want of balance."""


@dataclass(frozen=True, slots=True)
class BalanceRestored:
    """Segmind accepts orders again."""

    left: float | None
    """None where Segmind cannot be asked."""


BalanceEvent = BalanceLow | BalanceEmpty | BalanceRestored


class Account(Protocol):
    """Operator's account at Segmind."""

    async def balance(self) -> Balance: ...


@dataclass(frozen=True, slots=True)
class BalanceConfig:
    """Low mark and interval of the monitor."""

    low_mark: float = 5.0
    """US dollars below which the operator is notified; 0 for never."""
    interval: float = 60.0
    """Seconds between two requests while the balance is empty."""


class BalanceMonitor:
    """Requests the balance only where that may tell something: at the start, after a job, while empty."""

    def __init__(
        self,
        config: BalanceConfig,
        *,
        account: Account,
        gate: SubmissionGate,
        on_event: Callable[[BalanceEvent], None],
        values: SharedValues,
        clock: Clock,
    ) -> None:
        self._config = config
        self._account = account
        self._gate = gate
        self._on_event = on_event
        self._values = values
        self._clock = clock
        self._is_due: bool | None = None
        self._was_answered = True
        self._is_low = False
        self._knows_empty = False
        self._lowest: float | None = None
        self._left_by_job: float | None = None
        self.left: float | None = None
        """Last known balance in US dollars, from a job's response or from a request of its own."""

    def on_cost(self, left: float | None) -> None:
        """Note that a job was charged; Segmind may have named the balance then."""
        if left is not None:
            self.left = left
        if self._config.low_mark <= 0 or self._gate.is_empty:
            return
        self._left_by_job = left
        if left is None:
            self._is_due = True
        elif (left < self._config.low_mark) != self._is_low:
            # Responses overtake each other, so the figure is only a reason to request the balance.
            self._is_due = True
            self._gate.changed.set()

    async def run(self) -> None:
        while True:
            self._gate.changed.clear()
            try:
                await self._check()
            except Exception:
                log.exception("balance check failed")
            await first_of(self._clock.sleep(self._config.interval), self._gate.changed.wait())

    async def _check(self) -> None:
        if self._is_due is None:
            self._is_due = self._config.low_mark > 0 or await self._values.read_value(_KEY) == Level.EMPTY
        is_empty = self._gate.is_empty
        if is_empty and not self._knows_empty:
            self._knows_empty = True
            await self._report(Level.EMPTY)
            self._lowest = await self._request()
        elif is_empty:
            await self._check_refill()
        elif self._knows_empty:
            self._knows_empty = False
            left = await self._request()
            await self._report(self._level(left), left)
        elif self._is_due:
            self._is_due = False
            left = await self._request()
            left = self._left_by_job if left is None else left
            if left is None:
                self._is_due = True
            else:
                await self._report(self._level(left), left)

    async def _check_refill(self) -> None:
        lowest, left = self._lowest, await self._request()
        if left is None:
            self._gate.probe()
            return
        self._lowest = left if lowest is None else min(lowest, left)
        if lowest is not None and left > lowest + _MIN_RISE:
            self._gate.refill()
        elif left > 0:
            # Perhaps enough for a cheaper job than the refused one, or refilled before the first request.
            self._gate.probe()

    async def _report(self, level: Level, left: float | None = None) -> None:
        self._is_low = level is Level.LOW
        previous = await self._values.swap_value(_KEY, level)
        if previous == level:
            return
        match level:
            case Level.EMPTY:
                log.error("balance at Segmind empty")
                self._on_event(BalanceEmpty())
            case _ if previous == Level.EMPTY:
                log.warning("balance at Segmind restored", left=left)
                self._on_event(BalanceRestored(left))
            case Level.LOW if left is not None:
                log.warning("balance at Segmind low", left=left)
                self._on_event(BalanceLow(left, self._config.low_mark))
            case _:
                log.info("balance at Segmind above the low mark", left=left)

    def _level(self, left: float | None) -> Level:
        return Level.LOW if left is not None and left < self._config.low_mark else Level.FINE

    async def _request(self) -> float | None:
        try:
            left = (await self._account.balance()).total
        except SegmindError as error:
            # One warning is enough: a key may have no access to the balance at all.
            log.log(
                logging.WARNING if self._was_answered else logging.DEBUG,
                "balance request failed",
                error=error.detail,
            )
            self._was_answered = False
            return None
        self._was_answered = True
        self.left = left
        return left
