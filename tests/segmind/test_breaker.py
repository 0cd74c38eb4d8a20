"""The circuit breaker opens, probes and closes."""

from math import inf

import pytest

from bot.segmind.breaker import Breaker, BreakerConfig
from tests.clocks import LeapingClock

BREAKER_CONFIG = BreakerConfig(failures=3, pause=5, max_pause=30)


@pytest.fixture
def clock() -> LeapingClock:
    return LeapingClock()


@pytest.fixture
def breaker(clock: LeapingClock) -> Breaker:
    return Breaker(clock.now, BREAKER_CONFIG, jitter=lambda seconds: seconds)


def fail(breaker: Breaker, times: int = BREAKER_CONFIG.failures) -> None:
    for _ in range(times):
        breaker.failed()


def test_it_opens_after_a_run_of_failures_and_a_success_begins_a_new_run(breaker: Breaker) -> None:
    fail(breaker, 2)
    breaker.succeeded()
    fail(breaker, 2)
    assert (breaker.wait(), breaker.open_since) == (0, None)
    breaker.failed()
    assert (breaker.wait(), breaker.open_since) == (5, 1000)


def test_one_probe_goes_when_the_pause_is_over(breaker: Breaker, clock: LeapingClock) -> None:
    fail(breaker)
    clock.time += 5
    assert breaker.wait() == 0
    breaker.probe()
    assert breaker.wait() == inf
    breaker.succeeded()
    assert (breaker.wait(), breaker.open_since) == (0, None)


def test_after_a_cancelled_probe_another_may_go_at_once(breaker: Breaker, clock: LeapingClock) -> None:
    fail(breaker)
    clock.time += 5
    breaker.probe()
    breaker.cancel_probe()
    assert breaker.wait() == 0
    assert breaker.open_since == 1000


def test_pauses_grow_up_to_a_maximum_and_reset_after_a_success(breaker: Breaker, clock: LeapingClock) -> None:
    fail(breaker)
    pauses: list[float] = []
    for _ in range(5):
        pauses.append(breaker.wait())
        clock.time += breaker.wait()
        breaker.probe()
        breaker.failed()
    assert pauses == [5, 10, 20, 30, 30]
    assert breaker.open_since == 1000
    breaker.succeeded()
    fail(breaker)
    assert breaker.wait() == 5


def test_failures_of_requests_in_flight_when_it_opened_do_not_count(
    breaker: Breaker, clock: LeapingClock
) -> None:
    fail(breaker, 100)
    assert breaker.wait() == 5
    clock.time += 4
    fail(breaker, 100)
    assert breaker.wait() == 1


def test_jitter_spreads_the_pauses(clock: LeapingClock) -> None:
    pauses: set[float] = set()
    for _ in range(20):
        breaker = Breaker(clock.now, BREAKER_CONFIG)
        fail(breaker)
        pauses.add(breaker.wait())
    assert len(pauses) > 10
    assert all(4 <= pause <= 6 for pause in pauses)


def test_a_clock_that_is_set_back_does_not_keep_it_open(breaker: Breaker, clock: LeapingClock) -> None:
    fail(breaker)
    clock.time -= 86_400
    assert breaker.wait() <= 2 * BREAKER_CONFIG.max_pause
