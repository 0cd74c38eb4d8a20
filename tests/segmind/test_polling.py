"""Polls are few, and close to where jobs finish: pure arithmetic over seeded durations."""

import json
import math
import random
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.segmind.polling import WINDOW, PollTiming, PollTimings
from tests.segmind.conftest import NO_DEADLINE

MEDIANS = (10.0, 22.0, 33.0, 120.0)


def polls(timing: PollTiming, until: float) -> Iterator[float]:
    """Times of the polls for a job that takes `until` seconds; the last one sees it finished."""
    at = 0.0
    while at < until:
        at += timing.next_wait(at)
        yield at


def times(median: float, count: int, *, sigma: float = 0.25, seed: int = 7) -> list[float]:
    rng = random.Random(seed)
    return [rng.lognormvariate(math.log(median), sigma) for _ in range(count)]


def requests_of_the_sdk(seconds: float) -> int:
    """Count a status at once and after every second, and the result."""
    return math.ceil(seconds) + 2


def simulate(median: float, count: int = 400) -> tuple[int, int, float]:
    """Count our requests, the SDK's requests, and the mean delay, once the window of durations is full."""
    timing = PollTiming(median)
    ours, sdk, delay = 0, 0, 0.0
    for index, seconds in enumerate(times(median, count + WINDOW)):
        polled = list(polls(timing, seconds))
        timing.learn(polled[-1])
        if index >= WINDOW:
            ours += len(polled) + 1
            sdk += requests_of_the_sdk(seconds)
            delay += (polled[-1] - seconds) / seconds
    return ours, sdk, delay / count


def test_over_all_models_there_are_a_third_of_the_sdks_requests_and_hardly_any_delay() -> None:
    runs = [simulate(median) for median in MEDIANS]
    assert sum(ours for ours, _, _ in runs) <= sum(sdk for _, sdk, _ in runs) / 3
    assert sum(delay for _, _, delay in runs) / len(runs) <= 0.03


@pytest.mark.parametrize("median", [33.0, 120.0])
def test_each_slow_model_takes_a_third_of_the_sdks_requests(median: float) -> None:
    ours, sdk, _ = simulate(median)
    assert ours <= sdk / 3


@pytest.mark.parametrize("median", MEDIANS)
def test_the_delay_of_each_model_is_a_twentieth_of_its_time_at_most(median: float) -> None:
    ours, sdk, delay = simulate(median)
    assert delay <= 0.05
    assert ours < sdk


def test_the_first_poll_comes_at_half_of_the_median() -> None:
    assert next(iter(polls(PollTiming(40), 40))) == pytest.approx(20)


def test_the_documented_time_alone_gives_short_delays() -> None:
    timing = PollTiming(30)
    delays = [(list(polls(timing, seconds))[-1] - seconds) / seconds for seconds in times(30, 300)]
    assert sum(delays) / len(delays) <= 0.05


def test_polls_gather_where_jobs_finish() -> None:
    timing = PollTiming(30)
    for seconds in times(60, WINDOW, sigma=0.05):
        timing.learn(seconds)
    polled = list(polls(timing, 80))
    assert sum(50 <= at <= 75 for at in polled) > len(polled) / 2
    assert timing.median == pytest.approx(60, rel=0.05)


def test_waits_grow_when_a_job_is_late() -> None:
    polled = list(polls(PollTiming(10), 600))
    gaps = [after - before for before, after in pairwise(polled) if before > 45]
    assert gaps == pytest.approx(sorted(gaps))
    assert gaps[-1] == pytest.approx(30)


def test_outliers_hardly_change_the_plan() -> None:
    steady, disturbed = PollTiming(30), PollTiming(30)
    for index, seconds in enumerate(times(30, WINDOW)):
        steady.learn(seconds)
        disturbed.learn(3600 if index % 10 == 0 else seconds)
    assert disturbed.median == pytest.approx(steady.median, rel=0.1)
    assert abs(len(list(polls(disturbed, 30))) - len(list(polls(steady, 30)))) <= 3


def test_one_odd_first_job_hardly_changes_the_median() -> None:
    timing = PollTiming(30)
    timing.learn(0.5)
    assert timing.median == pytest.approx(30, rel=0.2)


def test_a_mix_of_fast_and_slow_jobs_is_polled_in_time() -> None:
    timing = PollTiming(30)
    mixed = [*times(20, 200, sigma=0.1), *times(90, 200, sigma=0.1)]
    random.Random(3).shuffle(mixed)
    delays: list[float] = []
    for seconds in mixed:
        polled = list(polls(timing, seconds))
        delays.append((polled[-1] - seconds) / seconds)
        timing.learn(polled[-1])
        assert len(polled) < requests_of_the_sdk(seconds)
    assert sum(delays) / len(delays) <= 0.1


def test_the_timing_adapts_when_a_model_becomes_slower() -> None:
    timing = PollTiming(10)
    for seconds in (*times(10, WINDOW), *times(25, WINDOW)):
        timing.learn(seconds)
    assert timing.median == pytest.approx(25, rel=0.1)
    assert len(timing.durations) == WINDOW


@NO_DEADLINE
@given(
    usual=st.floats(0.01, 1e5),
    learned=st.lists(st.floats(1e-3, 1e6), max_size=80),
    elapsed=st.floats(0, 1e7),
    scale=st.sampled_from([0.01, 1.0]),
)
def test_no_wait_is_too_short_or_too_long(
    usual: float, learned: list[float], elapsed: float, scale: float
) -> None:
    timing = PollTiming(usual, scale=scale)
    for seconds in learned:
        timing.learn(seconds)
    assert 0.25 * scale <= timing.next_wait(elapsed) <= 30 * scale


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.nan, math.inf])
def test_only_positive_finite_durations_are_learned(seconds: float) -> None:
    timing = PollTiming(10)
    timing.learn(seconds)
    assert timing.durations == ()


def test_jitter_moves_a_poll_within_the_limits() -> None:
    assert PollTiming(40, jitter=lambda wait: wait * 1.1).next_wait(0) == pytest.approx(22)
    assert PollTiming(40, jitter=lambda _: 1e9).next_wait(0) == 30
    assert PollTiming(40, jitter=lambda _: -5).next_wait(0) == 0.25


def test_a_scaled_server_is_polled_in_its_own_seconds() -> None:
    real, short = PollTiming(20), PollTiming(0.2, scale=0.01)
    assert [at / 100 for at in polls(real, 25)] == pytest.approx(list(polls(short, 0.25)))


def test_documented_times_are_scaled_with_the_server() -> None:
    assert PollTimings({"x": 20}, scale=0.01).timing("x").median == pytest.approx(0.2)


def test_each_model_and_variant_learns_for_itself() -> None:
    timings = PollTimings({"ai-face-swap": 120})
    timings.timing("ai-face-swap", "10 s").learn(60)
    assert timings.timing("ai-face-swap", "10 s") is timings.timing("ai-face-swap", "10 s")
    assert timings.timing("ai-face-swap").durations == ()
    assert timings.timing("ai-face-swap").median == pytest.approx(120)
    assert timings.timing("a new one").median == pytest.approx(30)


def test_learned_durations_can_be_exported_and_loaded() -> None:
    timings = PollTimings({"faceswap-v5": 10})
    for seconds in times(12, 80):
        timings.timing("faceswap-v5", "png").learn(seconds)
    timings.timing("faceswap-v4")
    stored = json.loads(json.dumps(timings.export()))
    again = PollTimings({"faceswap-v5": 10})
    again.load(stored)
    assert again.export() == timings.export()
    assert len(stored) == 1
    assert again.timing("faceswap-v5", "png").next_wait(5) == timings.timing("faceswap-v5", "png").next_wait(
        5
    )


def test_invalid_stored_entries_are_ignored() -> None:
    timings = PollTimings({})
    timings.load([{}, {"slug": 5}, {"slug": "x", "variant": "", "seconds": [3, "a", None, True, -1, 4.5]}])
    assert timings.export() == [{"slug": "x", "variant": "", "seconds": [3, 4.5]}]
