"""The watch on what the operator has left at Segmind: tells of each change once, and looks for its return."""

import asyncio
import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import structlog

from bot.clock import Clock
from bot.jobs.submission_gate import SubmissionGate
from bot.segmind.protocol import Balance, SegmindError

log = structlog.stdlib.get_logger(__name__)

_NOTE = "balance at Segmind"
# By less than this, what is left has not risen.
_RISE = 0.005


class Level(StrEnum):
    FINE = "fine"
    LOW = "low"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class BalanceLow:
    left: float
    low: float


@dataclass(frozen=True, slots=True)
class BalanceEmpty:
    """Segmind refuses orders for want of credit."""


@dataclass(frozen=True, slots=True)
class BalanceRestored:
    left: float | None
    """Unknown where Segmind cannot be asked."""


BalanceEvent = BalanceLow | BalanceEmpty | BalanceRestored


class Operator(Protocol):
    def tell(self, event: BalanceEvent) -> None:
        """Returns at once."""
        ...


class Account(Protocol):
    async def balance(self) -> Balance: ...


class Memory(Protocol):
    """Shared by all processes, and outlives them: so the operator is told once, by one of them."""

    async def read_value(self, name: str) -> str | None: ...

    async def swap_value(self, name: str, text: str) -> str | None:
        """Write it down, and say what stood there."""
        ...


@dataclass(frozen=True, slots=True)
class BalanceConfig:
    low: float = 5.0
    """US dollars below which the operator is told; 0 for never."""
    every: float = 60.0
    """Seconds between two looks at a balance that is used up."""


class BalanceMonitor:
    """Asks only where there is something to learn: at the start, after a job, and while nothing is left."""

    def __init__(
        self,
        config: BalanceConfig,
        *,
        account: Account,
        gate: SubmissionGate,
        operator: Operator,
        memory: Memory,
        clock: Clock,
    ) -> None:
        self._config = config
        self._account = account
        self._gate = gate
        self._operator = operator
        self._memory = memory
        self._clock = clock
        self._is_due: bool | None = None
        self._was_answered = True
        self._is_low = False
        self._knows_empty = False
        self._least: float | None = None
        self._heard: float | None = None
        self.left: float | None = None
        """US dollars, as they were last told or asked for; none where nobody has said."""

    def on_cost(self, left: float | None) -> None:
        """A job was paid; Segmind may have said what was left then."""
        if left is not None:
            self.left = left
        if self._config.low <= 0 or self._gate.is_empty:
            return
        self._heard = left
        if left is None:
            self._is_due = True
        elif (left < self._config.low) != self._is_low:
            # Answers overtake each other: what they say is a reason to ask.
            self._is_due = True
            self._gate.changed.set()

    async def run(self) -> None:
        while True:
            self._gate.changed.clear()
            try:
                await self._look()
            except Exception:
                log.exception("the balance at Segmind could not be watched")
            await self._pause()

    async def _look(self) -> None:
        if self._is_due is None:
            self._is_due = self._config.low > 0 or await self._memory.read_value(_NOTE) == Level.EMPTY
        is_empty = self._gate.is_empty
        if is_empty and not self._knows_empty:
            self._knows_empty = True
            await self._became(Level.EMPTY)
            self._least = await self._left()
        elif is_empty:
            await self._look_for_more()
        elif self._knows_empty:
            self._knows_empty = False
            left = await self._left()
            await self._became(self._level(left), left)
        elif self._is_due:
            self._is_due = False
            left = await self._left()
            left = self._heard if left is None else left
            if left is None:
                self._is_due = True
            else:
                await self._became(self._level(left), left)

    async def _look_for_more(self) -> None:
        least, left = self._least, await self._left()
        if left is None:
            self._gate.probe()
            return
        self._least = left if least is None else min(least, left)
        if least is not None and left > least + _RISE:
            self._gate.refill()
        elif left > 0:
            # Too little for the job that was refused, perhaps not for the next one; or put there meanwhile.
            self._gate.probe()

    async def _became(self, level: Level, left: float | None = None) -> None:
        self._is_low = level is Level.LOW
        was = await self._memory.swap_value(_NOTE, level)
        if was == level:
            return
        match level:
            case Level.EMPTY:
                log.error("the balance at Segmind is used up")
                self._operator.tell(BalanceEmpty())
            case _ if was == Level.EMPTY:
                log.warning("there is balance at Segmind again", left=left)
                self._operator.tell(BalanceRestored(left))
            case Level.LOW if left is not None:
                log.warning("the balance at Segmind is low", left=left)
                self._operator.tell(BalanceLow(left, self._config.low))
            case _:
                log.info("the balance at Segmind is above the mark", left=left)

    def _level(self, left: float | None) -> Level:
        return Level.LOW if left is not None and left < self._config.low else Level.FINE

    async def _left(self) -> float | None:
        try:
            left = (await self._account.balance()).total
        except SegmindError as error:
            # Once: a key may have no access to it, now and for ever.
            log.log(
                logging.WARNING if self._was_answered else logging.DEBUG,
                "the balance at Segmind could not be asked for",
                error=error.detail,
            )
            self._was_answered = False
            return None
        self._was_answered = True
        self.left = left
        return left

    async def _pause(self) -> None:
        """Until the next look is due, or something happens."""
        tasks = [
            asyncio.create_task(self._clock.sleep(self._config.every)),
            asyncio.create_task(self._gate.changed.wait()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
