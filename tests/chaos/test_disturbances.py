"""Disturbances do what they say: answers lost after the commit, a database set back, a process that wakes."""

import asyncio
import random
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.clock import WallClock
from bot.jobs.ports import StoreUnavailable
from bot.store import SqlStore
from tests.chaos.lost_answers import LostAnswers
from tests.chaos.suspensions import wake_suspended
from tests.discord.program import Program
from tests.patience import PATIENCE
from tests.postgres import Postgres

# Suspends itself, and says so before and after.
SLEEPER = f"import os; print('sleeps', flush=True); os.kill(os.getpid(), {signal.SIGSTOP:d}); print('woke')"


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'doppel.db'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.url("doppel")


@pytest.fixture
async def answers() -> AsyncGenerator[LostAnswers]:
    answers = LostAnswers(1.0, 1)
    answers.install()
    yield answers
    answers.uninstall()


@pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)
async def test_a_commit_is_durable_whose_answer_is_lost(
    url: str, answers: LostAnswers, capfd: pytest.CaptureFixture[str]
) -> None:
    async with SqlStore(url, start=0, clock=WallClock()) as store:
        await store.write_value("disturbed", "no")
        answers.armed = True
        with pytest.raises(StoreUnavailable):
            await store.write_value("disturbed", "yes")
        answers.armed = False
        assert await store.read_value("disturbed") == "yes"
    assert "lost the answer to " in capfd.readouterr().out


async def test_postgres_goes_back_to_what_was_kept_and_goes_on(postgres: Postgres) -> None:
    await postgres.empty()
    async with SqlStore(postgres.url("doppel"), start=0, clock=WallClock()) as store:
        await store.write_value("before", "kept")
        await postgres.keep()
        await store.write_value("after", "lost")
        await postgres.set_back()
        assert await store.read_value("after") is None
        assert await store.read_value("before") == "kept"
        await store.write_value("after", "again")


async def test_a_suspended_process_wakes_after_its_lease(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        "python3", "-c", SLEEPER, cwd=tmp_path, stdout=asyncio.subprocess.PIPE
    )
    sleeper = Program(process)
    await sleeper.wait_for_output("sleeps")
    waker = asyncio.create_task(wake_suspended(lambda: [sleeper], 0.1, random.Random(1)))
    assert await sleeper.end(PATIENCE) == 0
    assert sleeper.output.split() == ["sleeps", "woke"]
    waker.cancel()
