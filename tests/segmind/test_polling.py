"""A job is polled once a second, and the most urgent poll goes first: arithmetic over seeded durations."""

import json
import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.segmind.polling import WINDOW, PollPlan, PollTiming, PollTimings
from tests.segmind.conftest import NO_DEADLINE

SENT = 1000.0


def random_durations(median: float, count: int, *, sigma: float = 0.25, seed: int = 7) -> list[float]:
    rng = random.Random(seed)
    return [rng.lognormvariate(math.log(median), sigma) for _ in range(count)]


def timing_of(*seconds: float, documented: float = 30.0) -> PollTiming:
    return PollTiming(documented, durations=seconds)


def plan_seen_at(timing: PollTiming, elapsed: float, *, is_queued: bool = False) -> PollPlan:
    """The poll of a job that was seen unfinished so many seconds after its submission."""
    plan = timing.start(SENT)
    plan.seen(SENT + elapsed, is_queued=is_queued)
    return plan


def poll_times(timing: PollTiming, seconds: float) -> list[float]:
    """Times of the polls of a job that takes so many seconds, if none has to wait; the last sees its end."""
    plan, made = timing.start(SENT), [0.0]
    while made[-1] < seconds:
        made.append(made[-1] + plan.wait(SENT + made[-1]))
        plan.seen(SENT + made[-1], is_queued=False)
    return made[1:]


def test_the_first_poll_comes_soon_and_the_others_once_a_second() -> None:
    assert poll_times(PollTiming(33), 6) == [1.5, 2.5, 3.5, 4.5, 5.5, 6.5]


@pytest.mark.parametrize("median", [10.0, 22.0, 33.0])
def test_an_end_is_seen_half_a_second_late_with_fewer_requests_than_the_sdk_makes(median: float) -> None:
    ours, sdk, delay = 0, 0, 0.0
    for seconds in (durations := random_durations(median, 400)):
        made = poll_times(PollTiming(median), seconds)
        ours += 1 + len(made)
        # A submission, a status at once and after every second, and the result.
        sdk += math.ceil(seconds) + 3
        delay += made[-1] - seconds
    assert delay / len(durations) == pytest.approx(0.5, abs=0.05)
    assert ours < sdk


def test_a_job_that_never_ends_is_polled_ever_less_often() -> None:
    gaps = [after - before for before, after in pairwise(poll_times(PollTiming(10), 3000)) if before > 40]
    assert gaps == pytest.approx(sorted(gaps))
    assert gaps[0] < 1.1
    assert gaps[-1] == pytest.approx(30)


def test_a_job_was_last_seen_when_segmind_was_asked_and_is_asked_again_a_second_after_the_response() -> None:
    timing = PollTiming(30)
    plan = timing.start(SENT)
    plan.asked(SENT + 5)
    plan.seen(SENT + 5.8, is_queued=True)
    assert plan.wait(SENT + 5.8) == pytest.approx(1)
    plan.asked(SENT + 7)
    plan.ended(SENT + 8, None)
    assert timing.durations == (6.0,)


def test_after_a_failed_request_the_next_poll_waits_longer() -> None:
    plan = PollTiming(30).start(SENT)
    plan.failed(SENT + 2)
    assert plan.wait(SENT + 2) == pytest.approx(5)


def test_the_chance_of_an_end_is_that_of_jobs_which_were_as_old() -> None:
    timing = timing_of(*[10.0] * 20, *[40.0] * 20)
    assert plan_seen_at(timing, 1).chance(SENT + 5) < 0.1
    assert plan_seen_at(timing, 1).chance(SENT + 20) == pytest.approx(0.5, abs=0.06)
    assert plan_seen_at(timing, 20).chance(SENT + 30) < 0.1
    assert plan_seen_at(timing, 20).chance(SENT + 60) > 0.9


def test_a_job_later_than_all_others_becomes_likely_to_have_ended_as_it_ages() -> None:
    plan = plan_seen_at(timing_of(*random_durations(10, WINDOW)), 100)
    assert plan.chance(SENT + 101) < 0.05
    assert plan.chance(SENT + 210) > 0.5


def test_the_likeliest_change_is_the_most_urgent_and_among_equals_the_longest_unseen() -> None:
    timing = timing_of(*random_durations(30, WINDOW))
    now = SENT + 40
    young, ripe, seen_before = plan_seen_at(timing, 2), plan_seen_at(timing, 20), plan_seen_at(timing, 38)
    assert ripe.urgency(now) > seen_before.urgency(now)
    assert young.urgency(now) > ripe.urgency(now) > timing.start(now - 60).urgency(now - 50)
    assert plan_seen_at(timing, 3, is_queued=True).urgency(SENT + 5) > plan_seen_at(timing, 3).urgency(
        SENT + 5
    )


def test_durations_lie_between_two_polls_and_where_segmind_says() -> None:
    for reported, duration in ((12.0, 12.0), (3.0, 10.0), (99.0, 20.0), (None, 15.0)):
        timing = PollTiming(30)
        plan = timing.start(SENT)
        plan.seen(SENT + 10, is_queued=False)
        plan.ended(SENT + 20, reported)
        assert timing.durations == (duration,)


def test_the_usual_time_follows_the_newest_jobs() -> None:
    timing = PollTiming(10)
    for seconds in (*random_durations(10, WINDOW), *random_durations(25, WINDOW)):
        timing.learn(seconds)
    assert timing.median == pytest.approx(25, rel=0.1)
    assert len(timing.durations) == WINDOW


def test_one_odd_first_job_hardly_changes_the_median() -> None:
    assert timing_of(0.5).median == pytest.approx(30, rel=0.2)


def test_a_plan_keeps_the_usual_time_that_its_card_shows() -> None:
    timing = PollTiming(30)
    plan = timing.start(SENT)
    for seconds in random_durations(60, WINDOW):
        timing.learn(seconds)
    assert plan.usual == pytest.approx(30)


@NO_DEADLINE
@given(
    usual=st.floats(0.01, 1e5),
    durations=st.lists(st.floats(1e-3, 1e6), max_size=80),
    before=st.floats(-1e4, 1e7),
    after=st.floats(-1e4, 1e7),
    scale=st.sampled_from([0.01, 1.0]),
)
def test_waits_and_chances_keep_within_their_bounds(
    usual: float, durations: list[float], before: float, after: float, scale: float
) -> None:
    plan = PollTiming(usual, scale=scale, durations=durations).start(SENT)
    plan.seen(SENT + before, is_queued=False)
    assert 0 <= plan.wait(SENT + after) <= 30 * scale
    assert scale - 1e-6 <= plan.wait(SENT + before) <= 30 * scale
    assert -1e-9 <= plan.chance(SENT + max(before, after)) <= 1


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.nan, math.inf])
def test_only_positive_finite_durations_are_learned(seconds: float) -> None:
    timing = PollTiming(10)
    timing.learn(seconds)
    assert timing.durations == ()


def test_a_scaled_server_is_looked_at_in_its_own_seconds() -> None:
    real, short = poll_times(PollTiming(20), 60), poll_times(PollTiming(0.2, scale=0.01), 0.6)
    assert [at / 100 for at in real] == pytest.approx(short)


def test_documented_times_are_scaled_with_the_server() -> None:
    assert PollTimings({"x": 20}, scale=0.01).timing("x").median == pytest.approx(0.2)


def test_each_model_and_variant_learns_for_itself() -> None:
    timings = PollTimings({"ai-face-swap": 120})
    timings.timing("ai-face-swap", "10 s").learn(60)
    assert timings.timing("ai-face-swap", "10 s").durations == (60,)
    assert timings.timing("ai-face-swap").durations == ()
    assert timings.timing("ai-face-swap").median == pytest.approx(120)
    assert timings.timing("a new one").median == pytest.approx(30)


def test_learned_durations_can_be_exported_and_loaded() -> None:
    timings = PollTimings({"faceswap-v5": 10})
    for seconds in random_durations(12, 80):
        timings.timing("faceswap-v5", "png").learn(seconds)
    timings.timing("faceswap-v4")
    stored = json.loads(json.dumps(timings.export()))
    again = PollTimings({"faceswap-v5": 10})
    again.load(stored)
    assert again.export() == timings.export()
    assert len(stored) == 1
    assert again.timing("faceswap-v5", "png").median == timings.timing("faceswap-v5", "png").median


def test_invalid_stored_entries_are_ignored() -> None:
    timings = PollTimings({})
    timings.load([{}, {"slug": 5}, {"slug": "x", "variant": "", "seconds": [3, "a", None, True, -1, 4.5]}])
    assert timings.export() == [{"slug": "x", "variant": "", "seconds": [3, 4.5]}]
