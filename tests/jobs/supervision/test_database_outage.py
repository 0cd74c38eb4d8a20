"""The outage of the database ends when a probe succeeds, whatever the probes before it raised."""

import asyncio

import pytest

from bot.jobs.ports import StoreUnavailable
from bot.jobs.supervision.outage import Outage
from tests.clocks import LeapingClock
from tests.patience import PATIENCE


@pytest.mark.parametrize("error", [StoreUnavailable("the disk is full"), RuntimeError("a bug in a driver")])
async def test_no_error_of_a_probe_ends_the_wait_for_the_database(error: Exception) -> None:
    errors = [error] * 3

    async def probe() -> None:
        if errors:
            raise errors.pop()

    outage = Outage(probe, LeapingClock())
    async with asyncio.timeout(PATIENCE):
        await outage.wait(StoreUnavailable("unreachable"))
    assert errors == []
    assert not outage.is_active()
    await outage.close()
