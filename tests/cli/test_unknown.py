"""`doppel unknown` next to a running bot."""

import asyncio
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.cli.unknown import release, unknown
from bot.clock import WallClock
from bot.jobs.job import State
from bot.jobs.supervision.decisions import OperatorDecisions
from bot.store import SqlStore
from bot.store.read.requests import UnknownOutcome
from tests.cli.conftest import settings_of
from tests.jobs.harness import RecordingOperator
from tests.store.orders import START, opened, through


async def test_a_job_of_unknown_outcome_is_listed_and_released(url: str) -> None:
    settings, clock = settings_of(url), WallClock()
    async with SqlStore(url, start=START, clock=clock) as store:
        waiting, lost = await opened(store), await opened(store)
        lost = await through(store, lost, State.SUBMITTING, State.UNKNOWN)
        assert await unknown(settings, clock) == [
            UnknownOutcome(lost.id, lost.slug, lost.created_at, lost.nonce)
        ]
        decisions = OperatorDecisions(store, RecordingOperator().tell, clock)
        assert not await release(waiting.id, settings, clock)
        assert await release(lost.id, settings, clock)
        assert [await decisions.is_released(job.id) for job in (waiting, lost)] == [False, True]
        (audit_entry,) = await store.audit_entries(lost.place.guild_id)
        assert (audit_entry.actor, audit_entry.action, dict(audit_entry.facts)) == (
            "operator",
            "release",
            {"job": lost.id},
        )


def test_it_names_the_jobs_and_says_what_happens_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/doppel.db"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)

    async def leave_open() -> str:
        async with SqlStore(url, start=START, clock=WallClock()) as store:
            job = await opened(store)
            return (await through(store, job, State.SUBMITTING, State.UNKNOWN)).id

    job_id = asyncio.run(leave_open())
    assert main(["unknown"]) == 0
    assert job_id in capsys.readouterr().out
    assert main(["unknown", "--release", job_id]) == 0
    assert "returns the credits" in capsys.readouterr().out
    assert main(["unknown", "--release", "another"]) == 1
    assert "lists them" in capsys.readouterr().err
