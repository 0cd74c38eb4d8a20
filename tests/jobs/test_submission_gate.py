"""The gate before Segmind."""

import asyncio

import pytest

from bot.jobs.stages import Due, Reconnecting, Stage
from bot.jobs.submission_gate import Gate, ServicePaused, Trouble
from bot.segmind.breaker import Breaker, BreakerConfig
from bot.segmind.errors import Unreachable
from bot.segmind.scheduler import RequestScheduler
from tests.clocks import LeapingClock


@pytest.fixture
def clock() -> LeapingClock:
    return LeapingClock()


@pytest.fixture
def turnstile(clock: LeapingClock) -> RequestScheduler:
    breaker = Breaker(clock.now, BreakerConfig(failures=1, pause=5), jitter=lambda seconds: seconds)
    return RequestScheduler(clock, breaker, name="Segmind", per_minute=60, patience=100)


@pytest.fixture
def gate(clock: LeapingClock, turnstile: RequestScheduler) -> Gate:
    return Gate(clock, turnstile)


async def test_an_open_gate_holds_nobody_up(gate: Gate, clock: LeapingClock) -> None:
    shown: list[Stage] = []
    gate.ask("faceswap-v5")
    await gate.passage("faceswap-v5", shown.append)
    assert clock.time == 1000
    assert shown == []


@pytest.mark.parametrize("trouble", [Trouble.KEY, Trouble.BALANCE])
async def test_orders_are_refused_while_the_operator_is_needed(
    gate: Gate, clock: LeapingClock, trouble: Trouble
) -> None:
    gate.close(trouble, until=1060)
    with pytest.raises(ServicePaused) as refused:
        gate.ask("faceswap-v5")
    assert refused.value.trouble is trouble
    clock.time = 1060
    gate.ask("faceswap-v5")


async def test_a_retired_model_closes_the_gate_for_itself_alone(gate: Gate) -> None:
    gate.close(Trouble.MODEL, until=1060, slug="faceswap-v4")
    gate.ask("faceswap-v5")
    with pytest.raises(ServicePaused):
        gate.ask("faceswap-v4")


async def test_a_closed_gate_is_waited_for_and_so_is_one_that_closes_meanwhile(
    gate: Gate, clock: LeapingClock, turnstile: RequestScheduler
) -> None:
    gate.close(Trouble.MODEL, until=1010, slug="faceswap-v4")
    await gate.passage("faceswap-v4")
    assert clock.time == 1010
    turnstile.rest(1030)
    waiting = asyncio.create_task(gate.passage("faceswap-v4"))
    await asyncio.sleep(0)
    gate.close(Trouble.KEY, until=1050)
    await waiting
    assert clock.time == 1050


async def test_a_rate_limit_takes_orders_and_makes_them_wait(
    gate: Gate, clock: LeapingClock, turnstile: RequestScheduler
) -> None:
    shown: list[Stage] = []
    turnstile.rest(1010)
    gate.ask("faceswap-v5")
    await gate.passage("faceswap-v5", shown.append)
    assert clock.time == 1010
    assert shown == [Due()]


async def test_an_outage_is_shown_and_given_up_in_the_end(
    gate: Gate, clock: LeapingClock, turnstile: RequestScheduler
) -> None:
    shown: list[Stage] = []
    turnstile.failed()
    gate.ask("faceswap-v5")
    with pytest.raises(Unreachable):
        await gate.passage("faceswap-v5", shown.append)
    assert clock.time == pytest.approx(1100)
    assert shown == [Reconnecting()]
