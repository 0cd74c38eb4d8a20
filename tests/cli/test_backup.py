"""`doppel backup` next to a running bot, and `doppel restore` without one."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.clock import WallClock
from bot.jobs.job import State
from bot.store import SqlStore
from bot.store.backup import InvalidBackup, TargetExists, back_up, restore
from bot.store.errors import DatabaseInUse, SchemaTooNew
from tests.store.orders import LIFE, START, TERMS, adopted_by, opened, order, through

NOW = datetime(2026, 5, 31, 12, 30, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/doppel.db"


def store(url: str) -> SqlStore:
    return SqlStore(url, start=START, clock=WallClock())


def names_in(folder: Path, pattern: str) -> list[str]:
    return [path.name for path in folder.glob(pattern)]


async def test_a_backup_of_a_running_bot_is_one_whole_file_of_one_moment(url: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    async with store(url) as bot:
        done = order(price=10)
        await bot.open(done, TERMS)
        await through(bot, done, *LIFE)
        assert back_up(url, copy, now=NOW) == copy
        # It goes on, and the copy stays as it was.
        await opened(bot)
        assert await bot.discrepancies() == []
    assert names_in(tmp_path, "copy*") == ["copy.db"]
    async with store(f"sqlite:///{copy}") as read:
        assert await read.discrepancies() == []
        assert [(job.id, job.state) for job in await adopted_by(read)] == [(done.id, State.DONE)]


async def test_after_a_restore_waiting_jobs_are_searched_for_and_never_submitted(
    url: str, tmp_path: Path
) -> None:
    async with store(url) as bot:
        waiting = await opened(bot)
        sent = order()
        await bot.open(sent, TERMS)
        await through(bot, sent, State.SUBMITTING, State.SUBMITTED)
        back_up(url, tmp_path / "copy.db", now=NOW)
        # After the backup it was sent and paid, of which the backup knows nothing.
        await through(bot, waiting, *LIFE)
        after = await opened(bot)
    restored = restore(url, tmp_path / "copy.db")
    assert (restored.open_jobs, restored.in_doubt) == (2, 1)
    async with store(url) as bot:
        states = {job.id: (job.state, job.submitted_at) for job in await adopted_by(bot)}
        assert states[waiting.id] == (State.SUBMITTING, waiting.created_at)
        assert states[sent.id][0] is State.SUBMITTED
        assert after.id not in states
        assert await bot.discrepancies() == []


async def test_a_restore_can_be_taken_back(url: str, tmp_path: Path) -> None:
    async with store(url) as bot:
        back_up(url, tmp_path / "copy.db", now=NOW)
        later = await opened(bot)
    kept = restore(url, tmp_path / "copy.db").previous
    assert kept is not None
    assert restore(url, kept).open_jobs == 1
    async with store(url) as bot:
        assert await bot.find(later.id) is not None
    assert restore(url, tmp_path / "copy.db").previous != kept


async def test_no_file_is_overwritten_and_a_database_in_use_is_kept(url: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    async with store(url):
        assert back_up(url, copy, now=NOW) == copy
        first = copy.read_bytes()
        assert back_up(url, copy, now=NOW) == tmp_path / "copy-2026-05-31-123000.db"
        with pytest.raises(TargetExists):
            back_up(url, copy, now=NOW)
        assert copy.read_bytes() == first
        with pytest.raises(DatabaseInUse):
            restore(url, copy)


async def test_only_an_intact_database_of_the_bot_is_restored(url: str, tmp_path: Path) -> None:
    async with store(url):
        back_up(url, tmp_path / "copy.db", now=NOW)
    before = (tmp_path / "doppel.db").read_bytes()
    cut = tmp_path / "cut.db"
    cut.write_bytes((tmp_path / "copy.db").read_bytes()[:-5000])
    words = tmp_path / "words.db"
    words.write_text("this is no database, but long enough to be looked at" * 100)
    for wrong in (cut, words, tmp_path / "none.db"):
        with pytest.raises(InvalidBackup):
            restore(url, wrong)
    with closing(sqlite3.connect(tmp_path / "copy.db")) as newer, newer:
        newer.execute("UPDATE alembic_version SET version_num = '99'")
    with pytest.raises(SchemaTooNew):
        restore(url, tmp_path / "copy.db")
    assert (tmp_path / "doppel.db").read_bytes() == before


def test_the_commands_say_what_they_did_or_why_not(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    assert main(["backup", "copy.db"]) == 1
    assert "there is no file" in capsys.readouterr().err
    with closing(sqlite3.connect(tmp_path / "empty.db")):
        assert main(["restore", "empty.db"]) == 1
    assert "cannot be restored" in capsys.readouterr().err
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1/none")
    for command in ("backup", "restore"):
        assert main([command, "copy.db"]) == 1
        assert "pg_dump" in capsys.readouterr().err


async def test_the_commands_work(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    async with store(url) as bot:
        await opened(bot)
        assert main(["backup", "copy.db"]) == 0
        assert "Copied the database to" in capsys.readouterr().out
        assert main(["restore", "copy.db"]) == 1
        assert "another process has" in capsys.readouterr().err
    assert main(["restore", "copy.db"]) == 0
    said = capsys.readouterr().out
    assert "continues 1 open jobs when it starts. 1 of them" in said
    assert "before-restore-1" in said
    assert main(["backup", "no/such/folder/copy.db"]) == 1
