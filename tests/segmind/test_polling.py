"""Looks are few, and close to where jobs finish: pure arithmetic over seeded times."""

import json
import math
import random
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.segmind.polling import WINDOW, PollTiming, PollTimings
from tests.segmind.conftest import UNHURRIED

MEDIANS = (10.0, 22.0, 33.0, 120.0)


def looks(pace: PollTiming, until: float) -> Iterator[float]:
    """The times of the looks at a job that takes `until` seconds; the last one sees it finished."""
    at = 0.0
    while at < until:
        at += pace.next_look(at)
        yield at


def times(median: float, count: int, *, sigma: float = 0.25, seed: int = 7) -> list[float]:
    rng = random.Random(seed)
    return [rng.lognormvariate(math.log(median), sigma) for _ in range(count)]


def requests_of_the_sdk(seconds: float) -> int:
    """A status at once and after every second, and the result."""
    return math.ceil(seconds) + 2


def simulate(median: float, count: int = 400) -> tuple[int, int, float]:
    """Requests, the SDK's requests, and the mean delay, once the window is full. It learns what it sees."""
    pace = PollTiming(median)
    mine, theirs, delay = 0, 0, 0.0
    for index, seconds in enumerate(times(median, count + WINDOW)):
        made = list(looks(pace, seconds))
        pace.learn(made[-1])
        if index >= WINDOW:
            mine += len(made) + 1
            theirs += requests_of_the_sdk(seconds)
            delay += (made[-1] - seconds) / seconds
    return mine, theirs, delay / count


def test_over_all_models_it_asks_a_third_as_often_as_the_sdk_and_is_hardly_late() -> None:
    runs = [simulate(median) for median in MEDIANS]
    assert sum(mine for mine, _, _ in runs) <= sum(theirs for _, theirs, _ in runs) / 3
    assert sum(delay for _, _, delay in runs) / len(runs) <= 0.03


@pytest.mark.parametrize("median", [33.0, 120.0])
def test_slow_models_are_asked_a_third_as_often_each(median: float) -> None:
    mine, theirs, _ = simulate(median)
    assert mine <= theirs / 3


@pytest.mark.parametrize("median", MEDIANS)
def test_each_model_is_seen_finished_within_a_twentieth_of_its_time(median: float) -> None:
    mine, theirs, delay = simulate(median)
    assert delay <= 0.05
    assert mine < theirs


def test_the_first_look_is_for_the_people_who_wait() -> None:
    assert next(iter(looks(PollTiming(40), 40))) == pytest.approx(20)


def test_an_unlearned_pace_is_close_enough_already() -> None:
    pace = PollTiming(30)
    late = [(list(looks(pace, seconds))[-1] - seconds) / seconds for seconds in times(30, 300)]
    assert sum(late) / len(late) <= 0.05


def test_looks_gather_where_jobs_finish() -> None:
    pace = PollTiming(30)
    for seconds in times(60, WINDOW, sigma=0.05):
        pace.learn(seconds)
    made = list(looks(pace, 80))
    assert sum(50 <= at <= 75 for at in made) > len(made) / 2
    assert pace.usual == pytest.approx(60, rel=0.05)


def test_waits_grow_when_a_job_is_late() -> None:
    made = list(looks(PollTiming(10), 600))
    gaps = [after - before for before, after in pairwise(made) if before > 45]
    assert gaps == pytest.approx(sorted(gaps))
    assert gaps[-1] == pytest.approx(30)


def test_outliers_hardly_move_a_learned_pace() -> None:
    calm, shaken = PollTiming(30), PollTiming(30)
    for index, seconds in enumerate(times(30, WINDOW)):
        calm.learn(seconds)
        shaken.learn(3600 if index % 10 == 0 else seconds)
    assert shaken.usual == pytest.approx(calm.usual, rel=0.1)
    assert abs(len(list(looks(shaken, 30))) - len(list(looks(calm, 30)))) <= 3


def test_one_odd_job_at_the_start_moves_little() -> None:
    pace = PollTiming(30)
    pace.learn(0.5)
    assert pace.usual == pytest.approx(30, rel=0.2)


def test_two_kinds_of_jobs_in_one_pace_are_both_seen_in_time() -> None:
    pace = PollTiming(30)
    mixed = [*times(20, 200, sigma=0.1), *times(90, 200, sigma=0.1)]
    random.Random(3).shuffle(mixed)
    late: list[float] = []
    for seconds in mixed:
        made = list(looks(pace, seconds))
        late.append((made[-1] - seconds) / seconds)
        pace.learn(made[-1])
        assert len(made) < requests_of_the_sdk(seconds)
    assert sum(late) / len(late) <= 0.1


def test_a_pace_follows_when_a_model_becomes_slower() -> None:
    pace = PollTiming(10)
    for seconds in (*times(10, WINDOW), *times(25, WINDOW)):
        pace.learn(seconds)
    assert pace.usual == pytest.approx(25, rel=0.1)
    assert len(pace.seen) == WINDOW


@UNHURRIED
@given(
    usual=st.floats(0.01, 1e5),
    learned=st.lists(st.floats(1e-3, 1e6), max_size=80),
    elapsed=st.floats(0, 1e7),
    scale=st.sampled_from([0.01, 1.0]),
)
def test_no_wait_is_too_short_or_too_long(
    usual: float, learned: list[float], elapsed: float, scale: float
) -> None:
    pace = PollTiming(usual, scale=scale)
    for seconds in learned:
        pace.learn(seconds)
    assert 0.25 * scale <= pace.next_look(elapsed) <= 30 * scale


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.nan, math.inf])
def test_what_is_no_duration_is_not_learned(seconds: float) -> None:
    pace = PollTiming(10)
    pace.learn(seconds)
    assert pace.seen == ()


def test_jitter_moves_a_look_within_the_bounds() -> None:
    assert PollTiming(40, jitter=lambda wait: wait * 1.1).next_look(0) == pytest.approx(22)
    assert PollTiming(40, jitter=lambda _: 1e9).next_look(0) == 30
    assert PollTiming(40, jitter=lambda _: -5).next_look(0) == 0.25


def test_a_scaled_server_is_looked_at_in_its_own_seconds() -> None:
    real, short = PollTiming(20), PollTiming(0.2, scale=0.01)
    assert [at / 100 for at in looks(real, 25)] == pytest.approx(list(looks(short, 0.25)))


def test_documented_times_are_scaled_with_the_server() -> None:
    assert PollTimings({"x": 20}, scale=0.01).pace("x").usual == pytest.approx(0.2)


def test_each_model_and_variant_learns_for_itself() -> None:
    timings = PollTimings({"ai-face-swap": 120})
    timings.pace("ai-face-swap", "10 s").learn(60)
    assert timings.pace("ai-face-swap", "10 s") is timings.pace("ai-face-swap", "10 s")
    assert timings.pace("ai-face-swap").seen == ()
    assert timings.pace("ai-face-swap").usual == pytest.approx(120)
    assert timings.pace("a new one").usual == pytest.approx(30)


def test_what_was_learned_survives_as_plain_data() -> None:
    timings = PollTimings({"faceswap-v5": 10})
    for seconds in times(12, 80):
        timings.pace("faceswap-v5", "png").learn(seconds)
    timings.pace("faceswap-v4")
    stored = json.loads(json.dumps(timings.export()))
    again = PollTimings({"faceswap-v5": 10})
    again.load(stored)
    assert again.export() == timings.export()
    assert len(stored) == 1
    assert again.pace("faceswap-v5", "png").next_look(5) == timings.pace("faceswap-v5", "png").next_look(5)


def test_stored_rubbish_is_left_out() -> None:
    timings = PollTimings({})
    timings.load([{}, {"slug": 5}, {"slug": "x", "variant": "", "seconds": [3, "a", None, True, -1, 4.5]}])
    assert timings.export() == [{"slug": "x", "variant": "", "seconds": [3, 4.5]}]
