"""The daily check exports whether the ledger adds up."""

import asyncio
import math
from collections.abc import Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry

from bot.clock import WallClock
from bot.jobs.ports import StoreUnavailable
from bot.ledger.allowance import DAY
from bot.ops.dashboard.recurring_ledger_check import RecurringLedgerCheck
from bot.ops.ledger_check import EVERY, LedgerCheck
from bot.periodic import ONCE_SETTLED
from bot.store import SqlStore, ledger_discrepancies
from bot.store.read.integrity import CheckedRows
from tests.clocks import AgendaClock, HeldClock
from tests.harness import Stage
from tests.ops.scrape import scrape
from tests.store.orders import START, opened

HOUR, NOON = 3600.0, 1_763_683_200.0
DISCREPANCY = "account 1:2 keeps 3 granted, its entries make 4"


class Ledger:
    """Ledger with the discrepancies that the test sets."""

    def __init__(self) -> None:
        self.discrepancies: list[str] = []
        self.error: Exception | None = None
        self.checks = 0

    async def read(self) -> Sequence[str]:
        self.checks += 1
        if self.error is not None:
            raise self.error
        return self.discrepancies


async def test_a_discrepancy_is_exported_until_it_is_gone() -> None:
    registry, clock, ledger = CollectorRegistry(), HeldClock(), Ledger()
    check = LedgerCheck(ledger.read, clock, registry)
    never = registry.get_sample_value("doppel_ledger_differences")
    assert never is not None
    assert math.isnan(never)
    assert registry.get_sample_value("doppel_ledger_checked_timestamp_seconds") == 0
    ledger.discrepancies = [DISCREPANCY]
    await check.check()
    assert registry.get_sample_value("doppel_ledger_differences") == 1
    assert registry.get_sample_value("doppel_ledger_checked_timestamp_seconds") == clock.now()
    ledger.discrepancies = []
    await check.check()
    assert registry.get_sample_value("doppel_ledger_differences") == 0


async def test_it_checks_once_a_day_and_again_after_an_error() -> None:
    registry, clock, ledger = CollectorRegistry(), AgendaClock(), Ledger()
    running = asyncio.create_task(LedgerCheck(ledger.read, clock, registry).run())
    await clock.run(ONCE_SETTLED - 1)
    assert ledger.checks == 0
    ledger.error = StoreUnavailable("it is away")
    await clock.run(2)
    assert ledger.checks == 1
    ledger.error = None
    await clock.run(EVERY)
    assert ledger.checks == 2
    assert registry.get_sample_value("doppel_ledger_differences") == 0
    running.cancel()


async def test_the_page_checks_what_is_new_until_a_day_is_over_or_something_is_wrong() -> None:
    clock, ledger, asked = HeldClock(NOON), Ledger(), list[float | None]()

    async def check_ledger(since: float | None) -> tuple[Sequence[str], CheckedRows]:
        asked.append(since)
        return await ledger.read(), rows

    async def at(hour: int, *discrepancies: str) -> float | None:
        clock.move(began + hour * HOUR - clock.now())
        ledger.discrepancies = list(discrepancies)
        assert await page.run() == (list(discrepancies), rows)
        return asked[-1]

    rows = CheckedRows(1, 2, 3)
    page, began = RecurringLedgerCheck(check_ledger, clock), clock.now()
    assert await at(0) is None
    assert await at(1) == await at(23) == began - DAY
    assert await at(24) is None
    assert await at(25) == began
    assert await at(26, DISCREPANCY) == began
    assert await at(27, DISCREPANCY) is None
    assert await at(28) is None
    assert await at(29) == began + 4 * HOUR


async def test_the_ledger_is_read_while_a_store_keeps_writing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/doppel.db"
    async with SqlStore(url, start=START, clock=WallClock()) as store:
        await opened(store)
        assert await ledger_discrepancies(url, start=START, clock=WallClock()) == []


async def test_a_running_bot_exports_the_check(stage: Stage) -> None:
    assert {"doppel_ledger_differences", "doppel_ledger_checked_timestamp_seconds"} <= (
        await scrape(stage.app.served_at)
    ).names()
