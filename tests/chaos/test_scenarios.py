"""Short scenarios: a kill at every point on either database, and a bot that breaks the rules on purpose."""

import pytest

from tests.chaos.kill_points import KillPoint
from tests.chaos.run import run_scenario
from tests.chaos.scenarios import UNKIND, Scenario
from tests.discord.program import forked_program
from tests.postgres import Postgres

HASTE = {
    # Short windows, so that the bot soon gives up a submission that never arrived.
    "DOPPEL_SEGMIND__UNKNOWN_WINDOW": "4",
    "DOPPEL_SEGMIND__UNKNOWN_EVERY": "0.5",
    # The marks have tests of their own, and take a third of the processor time.
    "DOPPEL_MARKS__WATERMARK": "false",
    "DOPPEL_MARKS__LABEL": "false",
}
FIRST_HALF = (
    KillPoint.RECEIVED,
    KillPoint.OPENED,
    KillPoint.SUBMITTING,
    KillPoint.SENT,
    KillPoint.ANSWERED,
    KillPoint.UNKNOWN,
)
SECOND_HALF = tuple(point for point in KillPoint if point not in FIRST_HALF)
# More unknown submissions, so that a job soon reaches that rare point, and a history within the short window.
OFTEN_UNKNOWN = (
    "submit: drop-after @ 0.1; submit: error-after=502 @ 0.1; submit: drop-before @ 0.03;"
    + UNKIND.replace("0.5..6", "0..1")
)


async def test_kills_around_a_submission_and_unkind_answers_lose_nothing() -> None:
    scenario = Scenario(
        "around a submission",
        jobs=24,
        kills=len(FIRST_HALF),
        points=FIRST_HALF,
        segmind=OFTEN_UNKNOWN,
        presses=True,
        seats=12,
        settings=HASTE,
    )
    run = await run_scenario(scenario, launch=forked_program)
    assert run.failures == []
    assert set(run.points) == set(FIRST_HALF)
    assert run.jobs >= scenario.jobs
    assert run.recoveries > 0


async def test_kills_lost_answers_and_suspensions_lose_nothing_among_several(postgres: Postgres) -> None:
    await postgres.empty()
    scenario = Scenario(
        "to the end",
        jobs=24,
        kills=len(SECOND_HALF),
        points=SECOND_HALF,
        database="postgres",
        processes=2,
        lease=2,
        seats=8,
        clock_skew=60,
        deaf=0.02,
        suspensions=1,
        settings=HASTE,
    )
    run = await run_scenario(scenario, postgres, launch=forked_program)
    assert run.failures == []
    assert set(run.points) == set(SECOND_HALF)
    assert any(name.startswith("lost the answer to") for name in run.disturbances)
    assert run.jobs >= scenario.jobs


async def test_the_checks_find_every_broken_rule() -> None:
    scenario = Scenario(
        "broken rules",
        jobs=12,
        kills=1,
        points=(KillPoint.DONE,),
        segmind="",
        seats=6,
        break_rules="sends twice, shows nothing, gives credits away, forgets jobs",
        patience=4,
        settings=HASTE,
    )
    run = await run_scenario(scenario, launch=forked_program)
    assert not run.clean
    assert run.submitted_twice > 0
    assert run.lost > 0
    assert run.ledger_difference > 0
    assert run.unfinished_messages > 0


async def test_network_faults_lose_nothing() -> None:
    scenario = Scenario("network faults", jobs=12, network_faults=True, seats=8, settings=HASTE)
    run = await run_scenario(scenario, launch=forked_program)
    assert run.failures == []


def test_a_postgres_scenario_requires_a_postgres() -> None:
    with pytest.raises(ValueError, match="needs a Postgres"):
        run_scenario(Scenario("x", jobs=1, database="postgres")).send(None)
