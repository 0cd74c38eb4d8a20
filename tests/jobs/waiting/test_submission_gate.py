"""The gate holds jobs back while Segmind would refuse them."""

import asyncio

import pytest

from bot.jobs.stages import Due, Reconnecting, Stage
from bot.jobs.waiting.submission_gate import ClosureReason, ServicePaused, SubmissionGate
from bot.segmind.breaker import Breaker, BreakerConfig
from bot.segmind.errors import Unreachable
from bot.segmind.rate import KeyRate
from bot.segmind.scheduler import RequestScheduler
from tests.clocks import LeapingClock


@pytest.fixture
def clock() -> LeapingClock:
    return LeapingClock()


@pytest.fixture
def scheduler(clock: LeapingClock) -> RequestScheduler:
    breaker = Breaker(clock.now, BreakerConfig(failures=1, pause=5), jitter=lambda seconds: seconds)
    return RequestScheduler(clock, breaker, name="Segmind", rate=KeyRate(60), outage_timeout=100)


@pytest.fixture
def gate(clock: LeapingClock, scheduler: RequestScheduler) -> SubmissionGate:
    return SubmissionGate(clock, scheduler)


async def test_an_open_gate_delays_no_job(gate: SubmissionGate, clock: LeapingClock) -> None:
    shown: list[Stage] = []
    gate.check("faceswap-v5")
    await gate.acquire("faceswap-v5", shown.append)
    assert clock.time == 1000
    assert shown == []


@pytest.mark.parametrize("reason", [ClosureReason.KEY, ClosureReason.BALANCE])
async def test_orders_are_refused_while_the_operator_has_to_act(
    gate: SubmissionGate, clock: LeapingClock, reason: ClosureReason
) -> None:
    gate.close(reason, until=1060)
    with pytest.raises(ServicePaused) as raised:
        gate.check("faceswap-v5")
    assert raised.value.reason is reason
    clock.time = 1060
    gate.check("faceswap-v5")


async def test_a_retired_model_closes_the_gate_for_its_own_jobs(gate: SubmissionGate) -> None:
    gate.close(ClosureReason.MODEL, until=1060, slug="faceswap-v4")
    gate.check("faceswap-v5")
    with pytest.raises(ServicePaused):
        gate.check("faceswap-v4")


async def test_a_job_waits_for_a_closed_gate_and_for_one_that_closes_meanwhile(
    gate: SubmissionGate, clock: LeapingClock, scheduler: RequestScheduler
) -> None:
    gate.close(ClosureReason.MODEL, until=1010, slug="faceswap-v4")
    await gate.acquire("faceswap-v4")
    assert clock.time == 1010
    scheduler.back_off(1030)
    waiting = asyncio.create_task(gate.acquire("faceswap-v4"))
    await asyncio.sleep(0)
    gate.close(ClosureReason.KEY, until=1050)
    await waiting
    assert clock.time == 1050


async def test_during_a_rate_limit_orders_are_taken_and_wait(
    gate: SubmissionGate, clock: LeapingClock, scheduler: RequestScheduler
) -> None:
    shown: list[Stage] = []
    scheduler.back_off(1010)
    gate.check("faceswap-v5")
    await gate.acquire("faceswap-v5", shown.append)
    assert clock.time == 1010
    assert shown == [Due()]


async def test_an_outage_is_shown_and_ends_the_wait_after_a_while(
    gate: SubmissionGate, clock: LeapingClock, scheduler: RequestScheduler
) -> None:
    shown: list[Stage] = []
    scheduler.failed()
    gate.check("faceswap-v5")
    with pytest.raises(Unreachable):
        await gate.acquire("faceswap-v5", shown.append)
    assert clock.time == pytest.approx(1100)
    assert shown == [Reconnecting()]
