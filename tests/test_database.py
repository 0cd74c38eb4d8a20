"""A database that fills up, is locked or is damaged while the bot runs: one message, and nothing is lost."""

import asyncio
import resource
import sqlite3
import subprocess
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.jobs.job import Job
from bot.jobs.ports import StoreUnavailable
from tests.clocks import HeldClock
from tests.discord.environment import KEY, Environment
from tests.discord.server import SmallDiscord
from tests.harness import Reply, Stage, eventually, local_segmind, staged
from tests.wording import wording

CHANGE_OWNER = "UPDATE jobs SET owner = ?, epoch = epoch + 1"
STOPPED, RESUMED = "no orders are taken", "available again"


@asynccontextmanager
async def open_stage(database: Path) -> AsyncGenerator[Stage]:
    clock = HeldClock()
    async with local_segmind(clock) as segmind, staged(database, segmind, clock) as stage:
        stage.app.outage.interval = 0.05
        yield stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncGenerator[Stage]:
    async with open_stage(tmp_path / "doppel.db") as stage:
        yield stage


async def set_pragma(stage: Stage, name: str, value: int) -> None:
    """Set a pragma of the store's single writing connection."""
    database = stage.app.store._database  # pyright: ignore[reportPrivateUsage]
    async with database.begin() as connection:
        await connection.execute(sa.text(f"PRAGMA {name} = {value}"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path | None]:
    """Disk of a few megabytes, or None if the test may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        yield None
        return
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


class Outage:
    """Outage that begins while one job is at Segmind, and during which a member orders another."""

    def __init__(self, stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
        self.stage = stage
        self.capsys = capsys
        self.output = ""

    async def last(self) -> None:
        """Let the running job's result arrive while nothing can be written."""
        self.capsys.readouterr()
        refused = await self.stage.order("faceswap-v5")
        await refused.refused(wording("refused.database"), "Nothing was charged")
        self.stage.clock.move(60)
        await eventually(lambda: len(self.log().splitlines()) >= 1 or None, self.log)
        # Long enough for a few retries.
        for _ in range(20):
            await asyncio.sleep(0.02)
        assert self.log().count(STOPPED) == 1
        assert "Traceback" not in self.log()
        assert len(self.stage.segmind.submissions) == 1

    async def end(self, running: Reply) -> None:
        await eventually(lambda: RESUMED in self.log() or None, self.log)
        await running.says("Completed")
        await self.stage.finish(await self.stage.order("faceswap-v5"), "Completed")
        assert self.log().count(STOPPED) == 1
        assert len(self.stage.segmind.submissions) == len(self.stage.segmind.billed) == 2
        balance = await self.stage.app.store.balance(self.stage.account)
        assert (balance.free, balance.held) == (90, 0)
        assert await self.stage.app.store.discrepancies() == []

    def log(self) -> str:
        caught = self.capsys.readouterr()
        self.output += caught.out + caught.err
        return self.output


async def test_a_database_whose_write_ahead_log_may_not_grow(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """A quota has the same effect: every write beyond the present size of the log fails."""
    running = await stage.order("faceswap-v5")
    await running.says("Queued")
    outage = Outage(stage, capsys)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = stage.database.with_name(f"{stage.database.name}-wal")
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, hard))
    try:
        await outage.last()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    await outage.end(running)


async def test_a_disk_that_is_full(small_disk: Path | None, capsys: pytest.CaptureFixture[str]) -> None:
    if small_disk is None:
        # The test does not count as skipped, because the one before it covers the same code.
        return
    async with open_stage(small_disk / "doppel.db") as stage:
        running = await stage.order("faceswap-v5")
        await running.says("Queued")
        outage = Outage(stage, capsys)
        filler = small_disk / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1024))
        await outage.last()
        filler.unlink()
        await outage.end(running)


async def test_a_database_that_another_program_locks(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    await set_pragma(stage, "busy_timeout", 20)
    running = await stage.order("faceswap-v5")
    await running.says("Queued")
    outage = Outage(stage, capsys)
    with closing(sqlite3.connect(stage.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        await outage.last()
        other.execute("ROLLBACK")
    await outage.end(running)


def lose_answers(stage: Stage, monkeypatch: pytest.MonkeyPatch, *, answers: int) -> None:
    """Commit the next order, report a lost connection, and fail everything else for some calls."""
    store, left = stage.app.store, [answers]

    def failing(name: str) -> None:
        original = getattr(store, name)

        async def call(*parameters: Any) -> Any:
            if left[0] == 0:
                return await original(*parameters)
            if name == "open" and left[0] == answers:
                await original(*parameters)
            left[0] -= 1
            raise StoreUnavailable("the connection was lost")

        monkeypatch.setattr(store, name, call)

    failing("open")
    failing("find")


async def test_an_order_whose_commit_was_not_answered_is_placed_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_answers(stage, monkeypatch, answers=1)
    await stage.finish(await stage.order("faceswap-v5"), "Completed")
    assert len(stage.segmind.billed) == 1
    balance = await stage.app.store.balance(stage.account)
    assert (balance.free, balance.held) == (95, 0)
    assert await stage.app.store.discrepancies() == []


async def test_an_order_that_cannot_be_confirmed_is_shown_once_it_turns_up(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_answers(stage, monkeypatch, answers=3)
    reply = await stage.order("faceswap-v5")
    await reply.says(wording("refused.unconfirmed"))
    await stage.app.engine.sweep.sweep()
    await stage.finish(reply, "Completed")
    assert len(stage.segmind.billed) == 1


async def test_an_order_that_another_process_took_over_before_its_commit_was_answered_stays(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, start = stage.app.store.open, stage.app.engine.runner.start
    former_owners, started = list[str](), list[Job]()

    async def lose_answer(*parameters: Any) -> None:
        await place(*parameters)
        former_owners.append(owner_of(stage.database))
        await stage.execute(CHANGE_OWNER, "another process")
        raise StoreUnavailable("the connection was lost")

    def note_start(job: Job) -> None:
        started.append(job)
        start(job)

    monkeypatch.setattr(stage.app.store, "open", lose_answer)
    monkeypatch.setattr(stage.app.engine.runner, "start", note_start)
    reply = await stage.order("faceswap-v5")
    await eventually(lambda: started or reply.edits or None, lambda: "the order is placed or refused")
    assert started
    await eventually(lambda: not stage.app.engine.runner.running or None, lambda: "the task leaves the job")
    await stage.execute(CHANGE_OWNER, *former_owners)
    await stage.app.engine.sweep.sweep()
    await stage.finish(reply, "Completed")
    assert len(stage.segmind.billed) == 1


def owner_of(database: Path) -> str:
    """Owner of the only job."""
    with closing(sqlite3.connect(database)) as connection:
        ((owner,),) = connection.execute("SELECT owner FROM jobs").fetchall()
    return owner


async def test_a_damaged_database_ends_the_bot_with_one_message(tmp_path: Path) -> None:
    clock = HeldClock()
    async with local_segmind(clock, key=KEY) as segmind, SmallDiscord() as small_discord:
        environment = Environment(small_discord, segmind, clock, tmp_path)
        # Segmind gets the files of the first order from the bot: Discord withholds those of the other one.
        async with environment.bot(DOPPEL_SEGMIND__INPUTS="upload") as bot:
            await small_discord.online()
            reply = await environment.order()
            await reply.wait_for("Queued")
            small_discord.files_available.clear()
            requests = small_discord.file_requests
            cut_off = await environment.order()
            await eventually(lambda: small_discord.file_requests > requests, lambda: "its files are read")
            damage(environment.database)
            clock.move(60)
            assert await bot.end() == 1
    # Its member could still be told: what runs ends before the client closes.
    await cut_off.refused("restarting")
    messages = [line for line in bot.output.splitlines() if line.startswith("doppel: ")]
    assert len(messages) == 1
    assert "the database cannot be used: " in messages[0]
    assert "malformed" in messages[0] or "not a database" in messages[0]
    assert "Traceback" not in bot.output


def damage(database: Path) -> None:
    with closing(sqlite3.connect(database)) as other:
        # Otherwise the write-ahead log would still hold intact copies of the pages.
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))
