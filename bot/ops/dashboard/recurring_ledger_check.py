"""Check of the ledger for the page: complete once a day, and in between of what is new."""

from collections.abc import Awaitable, Callable, Sequence

from bot.clock import Clock
from bot.ledger.allowance import DAY
from bot.store.read.integrity import CheckedRows


class RecurringLedgerCheck:
    """Checks everything if the last complete check is a day old or found something, else what is new."""

    def __init__(
        self, check: Callable[[float | None], Awaitable[tuple[Sequence[str], CheckedRows]]], clock: Clock
    ) -> None:
        """`check` takes the time since which something may have changed, or None for a complete check."""
        self._check = check
        self._clock = clock
        self._adds_up_at: float | None = None

    async def run(self) -> tuple[Sequence[str], CheckedRows]:
        at = self._clock.now()
        last = self._adds_up_at
        if last is not None and at - last >= DAY:
            last = None
        # A day earlier, because clocks differ, and a job also changes the budgets of the day of its order.
        discrepancies, rows = await self._check(None if last is None else last - DAY)
        self._adds_up_at = None if discrepancies else at if last is None else last
        return discrepancies, rows
