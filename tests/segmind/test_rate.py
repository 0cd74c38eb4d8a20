"""The rate of a key falls at once where Segmind refuses requests, and regrows slowly."""

import pytest

from bot.segmind.rate import Bucket, KeyRate

NOW = 10_000.0


def test_without_refusals_the_rate_is_the_operators_limit() -> None:
    assert KeyRate(50).per_minute(NOW) == 50
    assert KeyRate(50).export() is None


def test_a_refusal_lowers_the_rate_to_what_was_accepted() -> None:
    rate = KeyRate(50)
    rate.refused(NOW, accepted=42)
    assert rate.per_minute(NOW) == 42


def test_one_refusal_at_most_halves_the_rate_and_refusals_of_the_same_minute_count_once() -> None:
    rate = KeyRate(50)
    for seconds in (0, 1, 59):
        rate.refused(NOW + seconds, accepted=0)
    assert rate.per_minute(NOW) == 25
    rate.refused(NOW + 60, accepted=0)
    assert rate.per_minute(NOW + 60) == pytest.approx(25 * 1.02 / 2)


def test_a_key_of_five_a_minute_is_found_within_four_refusals() -> None:
    rate = KeyRate(50)
    for minute in range(4):
        rate.refused(NOW + 60 * minute, accepted=5)
    assert rate.per_minute(NOW + 180) == 5


def test_the_rate_regrows_by_two_percent_a_minute_up_to_the_limit() -> None:
    rate = KeyRate(50)
    rate.refused(NOW, accepted=30)
    assert rate.per_minute(NOW + 60) == pytest.approx(30.6)
    assert rate.per_minute(NOW + 3600) == 50
    assert rate.per_minute(NOW + 1e9) == 50


def test_a_stated_limit_counts_at_once_and_only_downwards() -> None:
    rate = KeyRate(50)
    rate.stated(1000, NOW)
    assert rate.per_minute(NOW) == 50
    rate.stated(5, NOW)
    assert rate.per_minute(NOW) == 5
    rate.stated(20, NOW)
    assert rate.per_minute(NOW) == 5


def test_no_rate_falls_to_nothing() -> None:
    rate = KeyRate(2)
    for minute in range(5):
        rate.refused(NOW + 60 * minute, accepted=0)
    assert rate.per_minute(NOW + 240) == 1


def test_another_process_takes_over_the_newest_refusal() -> None:
    here, there = KeyRate(50), KeyRate(50)
    there.refused(NOW, accepted=30)
    here.load(there.export())
    assert here.per_minute(NOW) == 30
    here.refused(NOW + 90, accepted=20)
    here.load(there.export())
    assert here.per_minute(NOW + 90) == 20


@pytest.mark.parametrize("learned", [None, 5, [], {}, {"per_minute": "5", "at": 1}, {"per_minute": 5}])
def test_data_of_another_form_is_ignored(learned: object) -> None:
    rate = KeyRate(50)
    rate.load(learned)
    assert rate.per_minute(NOW) == 50


def request_times(bucket: Bucket, until: float, *, is_spare: bool = False) -> list[float]:
    """Times of requests that go as soon as they may."""
    now, made = NOW, list[float]()
    while (now := now + bucket.wait(now, is_spare=is_spare)) < until:
        bucket.spend(now)
        made.append(now)
    return made


def test_a_poll_of_low_value_spares_a_part_of_the_burst() -> None:
    bucket = Bucket(KeyRate(100))
    assert request_times(bucket, NOW + 0.001, is_spare=True) == [NOW] * 3
    assert request_times(bucket, NOW + 0.001) == [NOW] * 2


def test_processes_divide_the_rate() -> None:
    bucket = Bucket(KeyRate(50))
    bucket.share(10)
    assert len(request_times(bucket, NOW + 60)) == 5
    bucket = Bucket(KeyRate(5))
    bucket.share(10)
    assert request_times(bucket, NOW + 300) == pytest.approx([NOW, NOW + 120, NOW + 240])


def test_what_was_accepted_counts_the_last_minute_of_all_processes() -> None:
    bucket = Bucket(KeyRate(600))
    bucket.share(2)
    made = len(request_times(bucket, NOW + 90))
    in_last_minute = bucket.accepted(NOW + 90)
    assert 0 < in_last_minute < 2 * made
    assert in_last_minute == pytest.approx(600, rel=0.05)
    assert bucket.accepted(NOW + 1000) == 0


def test_a_clock_that_was_set_back_does_not_stop_requests() -> None:
    bucket = Bucket(KeyRate(50))
    request_times(bucket, NOW + 10)
    assert bucket.wait(NOW - 100_000) <= 62
