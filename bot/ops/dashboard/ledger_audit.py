"""Audit of the ledger for the page: complete once a day, and in between of what is new."""

from collections.abc import Awaitable, Callable, Sequence

from bot.clock import Clock
from bot.ledger.allowance import DAY
from bot.store.read.integrity import AuditedRows


class LedgerAudit:
    """Runs a complete audit if the last one is a day old or found something, else one of what is new."""

    def __init__(
        self, audit: Callable[[float | None], Awaitable[tuple[Sequence[str], AuditedRows]]], clock: Clock
    ) -> None:
        """`audit` takes the time since which something may have changed, or None for a complete audit."""
        self._audit = audit
        self._clock = clock
        self._adds_up_at: float | None = None

    async def run(self) -> tuple[Sequence[str], AuditedRows]:
        at = self._clock.now()
        last = self._adds_up_at
        if last is not None and at - last >= DAY:
            last = None
        # A day earlier, because clocks differ, and a job also changes the budgets of the day of its order.
        differences, rows = await self._audit(None if last is None else last - DAY)
        self._adds_up_at = None if differences else at if last is None else last
        return differences, rows
