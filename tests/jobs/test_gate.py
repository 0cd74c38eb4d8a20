"""The gate before Segmind."""

import asyncio

import pytest

from bot.jobs.gate import Gate, ServicePaused, Trouble
from tests.clocks import LeapingClock


@pytest.fixture
def clock() -> LeapingClock:
    return LeapingClock()


async def test_an_open_gate_holds_nobody_up(clock: LeapingClock) -> None:
    gate = Gate(clock, per_minute=100)
    gate.ask("faceswap-v5")
    await gate.passage("faceswap-v5")
    assert clock.time == 1000


@pytest.mark.parametrize("trouble", [Trouble.KEY, Trouble.BALANCE])
async def test_orders_are_refused_while_the_operator_is_needed(clock: LeapingClock, trouble: Trouble) -> None:
    gate = Gate(clock, per_minute=100)
    gate.close(trouble, until=1060)
    with pytest.raises(ServicePaused) as refused:
        gate.ask("faceswap-v5")
    assert refused.value.trouble is trouble
    clock.time = 1060
    gate.ask("faceswap-v5")


async def test_a_retired_model_closes_the_gate_for_itself_alone(clock: LeapingClock) -> None:
    gate = Gate(clock, per_minute=100)
    gate.close(Trouble.MODEL, until=1060, slug="faceswap-v4")
    gate.ask("faceswap-v5")
    with pytest.raises(ServicePaused):
        gate.ask("faceswap-v4")


async def test_a_rate_limit_takes_orders_and_makes_them_wait(clock: LeapingClock) -> None:
    gate = Gate(clock, per_minute=100)
    gate.close(Trouble.RATE, until=1010)
    gate.close(Trouble.MODEL, until=1020, slug="faceswap-v4")
    gate.ask("faceswap-v5")
    await gate.passage("faceswap-v5")
    assert clock.time == 1010
    await gate.passage("faceswap-v4")
    assert clock.time == 1020


async def test_no_more_pass_in_a_minute_than_may(clock: LeapingClock) -> None:
    gate = Gate(clock, per_minute=3)
    for _ in range(3):
        await gate.passage("faceswap-v5")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(gate.passage("faceswap-v5"), timeout=0.05)
