"""Short storms: a kill at every point on either database, and a bot that breaks the rules on purpose."""

import pytest

from tests.chaos.kill_points import Point
from tests.chaos.run import blow
from tests.chaos.scenarios import Storm
from tests.postgres import Postgres

# A request that never arrived is soon given up here, and so is a peer that died.
HASTE = {"DOPPEL_SEGMIND__UNKNOWN_WINDOW": "4", "DOPPEL_SEGMIND__UNKNOWN_EVERY": "0.5"}
FIRST_HALF = (Point.ASKED, Point.OPENED, Point.SUBMITTING, Point.SENT, Point.ANSWERED, Point.UNKNOWN)
SECOND_HALF = tuple(point for point in Point if point not in FIRST_HALF)
# So that the point for which few jobs come by is met at once.
OFTEN_UNKNOWN = "submit: drop-after @ 0.1; submit: error-after=502 @ 0.1; submit: drop-before @ 0.03"


async def test_kills_at_the_points_around_a_submission_lose_nothing() -> None:
    storm = Storm(
        "around a submission",
        jobs=24,
        kills=len(FIRST_HALF),
        points=FIRST_HALF,
        segmind=OFTEN_UNKNOWN,
        seats=12,
        environment=HASTE,
    )
    run = await blow(storm)
    assert run.trouble == []
    assert set(run.points) == set(FIRST_HALF)
    assert run.jobs >= storm.jobs
    assert run.recoveries > 0


async def test_kills_from_the_submission_to_the_end_lose_nothing_among_several(postgres: Postgres) -> None:
    await postgres.empty()
    storm = Storm(
        "to the end",
        jobs=32,
        kills=len(SECOND_HALF),
        points=SECOND_HALF,
        database="postgres",
        processes=2,
        lease=2,
        seats=8,
        environment=HASTE,
    )
    run = await blow(storm, postgres)
    assert run.trouble == []
    assert set(run.points) == set(SECOND_HALF)
    assert run.jobs >= storm.jobs


async def test_a_bot_that_breaks_the_rules_is_found_out() -> None:
    storm = Storm(
        "broken rules",
        jobs=12,
        kills=1,
        points=(Point.DONE,),
        segmind="",
        seats=6,
        breach="sends twice, shows nothing, gives credits away, forgets jobs",
        patience=4,
        environment=HASTE,
    )
    run = await blow(storm)
    assert not run.clean
    assert run.submitted_twice > 0
    assert run.lost > 0
    assert run.ledger_difference > 0
    assert run.unfinished_messages > 0


async def test_bad_weather_loses_nothing() -> None:
    storm = Storm("weather", jobs=24, weather=True, seats=12, environment=HASTE)
    run = await blow(storm)
    assert run.trouble == []


def test_a_storm_that_wants_a_postgres_says_so() -> None:
    with pytest.raises(ValueError, match="needs a Postgres"):
        blow(Storm("x", jobs=1, database="postgres")).send(None)
