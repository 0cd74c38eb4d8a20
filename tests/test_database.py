"""A database that is full, locked or damaged while the bot runs: said once, and nothing is lost."""

import asyncio
import resource
import sqlite3
import subprocess
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.clocks import HeldClock
from tests.discord.environment import KEY, Environment
from tests.discord.server import SmallDiscord
from tests.harness import Reply, Stage, eventually, local_segmind, staged

STOPS, GOES_ON = "no orders are taken", "can be used again"


@asynccontextmanager
async def playing(database: Path) -> AsyncGenerator[Stage]:
    clock = HeldClock()
    async with local_segmind(clock) as segmind, staged(database, segmind, clock) as stage:
        stage.app.outage.every = 0.05
        yield stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncGenerator[Stage]:
    async with playing(tmp_path / "doppel.db") as stage:
        yield stage


async def pragma(stage: Stage, name: str, value: int) -> None:
    """The store writes on one connection, whose settings these are."""
    database = stage.app.store._database  # pyright: ignore[reportPrivateUsage]
    async with database.begin() as connection:
        await connection.execute(sa.text(f"PRAGMA {name} = {value}"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path | None]:
    """A disk of a few megabytes; none where the machine lets nobody mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        yield None
        return
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


class Spell:
    """An outage: one job is at Segmind as it comes, and one is ordered while it lasts."""

    def __init__(self, stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
        self.stage = stage
        self.capsys = capsys
        self.said = ""

    async def lasts(self) -> None:
        """The running job's result comes, and nothing of it can be written."""
        self.capsys.readouterr()
        refused = await self.stage.order("faceswap-v5")
        await refused.says("cannot write anything down", "Nothing was charged")
        self.stage.clock.move(60)
        await eventually(lambda: len(self.log().splitlines()) >= 1 or None, self.log)
        # Longer than a few tries take.
        for _ in range(20):
            await asyncio.sleep(0.02)
        assert self.log().count(STOPS) == 1
        assert "Traceback" not in self.log()
        assert len(self.stage.segmind.submissions) == 1

    async def is_over(self, running: Reply) -> None:
        await eventually(lambda: GOES_ON in self.log() or None, self.log)
        await running.says("Completed")
        await self.stage.finish(await self.stage.order("faceswap-v5"), "Completed")
        assert self.log().count(STOPS) == 1
        assert len(self.stage.segmind.submissions) == len(self.stage.segmind.billed) == 2
        balance = await self.stage.app.store.balance(self.stage.account)
        assert (balance.free, balance.held) == (90, 0)
        assert await self.stage.app.store.audit() == []

    def log(self) -> str:
        caught = self.capsys.readouterr()
        self.said += caught.out + caught.err
        return self.said


async def test_a_database_whose_log_may_not_grow_any_more(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a quota does it: every write beyond the size that the log has now fails."""
    running = await stage.order("faceswap-v5")
    await running.says("Queued")
    spell = Spell(stage, capsys)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = stage.database.with_name(f"{stage.database.name}-wal")
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, hard))
    try:
        await spell.lasts()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    await spell.is_over(running)


async def test_a_disk_that_is_really_full(
    small_disk: Path | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if small_disk is None:
        # Not skipped, as the log that may not grow has shown the same.
        return
    async with playing(small_disk / "doppel.db") as stage:
        running = await stage.order("faceswap-v5")
        await running.says("Queued")
        spell = Spell(stage, capsys)
        filler = small_disk / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1024))
        await spell.lasts()
        filler.unlink()
        await spell.is_over(running)


async def test_a_database_that_another_program_has_locked(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    await pragma(stage, "busy_timeout", 20)
    running = await stage.order("faceswap-v5")
    await running.says("Queued")
    spell = Spell(stage, capsys)
    with closing(sqlite3.connect(stage.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        await spell.lasts()
        other.execute("ROLLBACK")
    await spell.is_over(running)


async def test_a_damaged_database_ends_the_bot_with_one_sentence(tmp_path: Path) -> None:
    clock = HeldClock()
    async with local_segmind(clock, key=KEY) as segmind, SmallDiscord() as small_discord:
        town = Environment(small_discord, segmind, clock, tmp_path)
        async with town.bot() as bot:
            await small_discord.online()
            reply = await town.order()
            await reply.wait_for("Queued")
            damage(town.database)
            clock.move(60)
            assert await bot.end() == 1
    told = [line for line in bot.output.splitlines() if line.startswith("doppel: ")]
    assert len(told) == 1
    assert "the database cannot be used: " in told[0]
    assert "malformed" in told[0] or "not a database" in told[0]
    assert "Traceback" not in bot.output


def damage(database: Path) -> None:
    with closing(sqlite3.connect(database)) as other:
        # What is only in the log is not in the file yet, and would mend it.
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))
