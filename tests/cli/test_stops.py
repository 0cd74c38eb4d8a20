"""`doppel run` that is stopped while a result is on its way to the member."""

import json
import os
import signal
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from bot.jobs.job import State
from tests.discord.environment import SECONDS, SLUG, START, Environment
from tests.discord.faults import Late
from tests.discord.user import Reply, eventually
from tests.media.files import noise, saved
from tests.patience import PATIENCE
from tests.segmind_docs import PRICES


def processes_in(folder: Path) -> set[int]:
    """The bot and its media workers, which start in its folder."""
    found = set[int]()
    for process in Path("/proc").glob("[0-9]*"):
        # A process may end meanwhile, or belong to somebody else.
        with suppress(OSError):
            if (process / "cwd").readlink() == folder:
                found.add(int(process.name))
    return found


def is_alive(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


async def finish_after_a_restart(environment: Environment, reply: Reply) -> None:
    """Start the bot again, and check that the member gets the result once, in the same message."""
    async with environment.bot() as bot:
        await environment.discord.online()
        await reply.wait_for("Completed")
        await eventually(lambda: environment.row(reply)[1] is State.DONE, lambda: f"{environment.row(reply)}")
        assert await bot.terminate(patience=10) == 0
    assert len(reply.attachments) == 1
    assert environment.discord.messages.unprompted == []
    assert len(environment.segmind.submissions) == len(environment.segmind.billed) == 1
    assert await environment.balance() == (START - PRICES[SLUG], 0)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc lists the media workers")
async def test_a_stop_while_a_result_is_made_to_fit_delivers_it_after_the_next_start(
    environment: Environment,
) -> None:
    environment.discord.messages.upload_limit = 40_000
    async with environment.bot() as bot:
        await environment.discord.online()
        target = ("a.png", saved(noise(400, 300), "PNG"))
        reply = await environment.order(target_image=target)
        await reply.wait_for("Queued")
        before = processes_in(environment.folder)
        environment.clock.move(2 * SECONDS)
        # One worker marks the result, and the next one makes it fit.
        await eventually(
            lambda: len(processes_in(environment.folder) - before) == 2,
            lambda: f"two more processes than {before}",
        )
        new = processes_in(environment.folder) - before
        for worker in new:
            os.kill(worker, signal.SIGSTOP)
        assert "Completed" not in reply.text
        assert await bot.terminate(patience=10) == 0
    assert not any(map(is_alive, new))
    await finish_after_a_restart(environment, reply)
    assert len(reply.attachments[0].content) <= 40_000


@pytest.mark.parametrize("arrived", [False, True], ids=["not yet shown", "shown"])
async def test_a_stop_while_a_result_is_posted_shows_it_once(environment: Environment, arrived: bool) -> None:
    async with environment.bot() as bot:
        await environment.discord.online()
        reply = await environment.order()
        await reply.wait_for("Queued")
        late = Late(PATIENCE, after=arrived)
        environment.discord.faults.next("edit", late, about=[reply.token, "Completed"])
        environment.clock.move(2 * SECONDS)
        await eventually(lambda: environment.result_edits(reply), lambda: "the result on its way to Discord")
        assert len(reply.attachments) == arrived
        assert await bot.terminate(patience=10) == 0
    await finish_after_a_restart(environment, reply)


def in_database(environment: Environment, statement: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(environment.database)) as database, database:
        return database.execute(statement, values).fetchall()


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_an_entry_of_the_log_is_posted_after_the_next_start(environment: Environment, end: str) -> None:
    guild = environment.discord.guild
    rules = json.dumps({"log_channel": guild.channel.id, "log_pictures": True})
    in_database(environment, "INSERT INTO servers (id, rules) VALUES (?, ?)", guild.id, rules)
    environment.discord.faults.next("send", Late(PATIENCE))
    async with environment.bot() as bot:
        await environment.discord.online()
        reply = await environment.order()
        await environment.finish(reply)
        await eventually(lambda: environment.discord.calls("send"), lambda: "the entry on its way to Discord")
        told = "SELECT 1 FROM jobs WHERE told"
        await eventually(lambda: in_database(environment, told), lambda: "the end of the job is recorded")
        if end == "kill":
            await bot.kill()
        else:
            assert await bot.terminate(patience=10) == 0
    assert environment.discord.messages.unprompted == []
    owed = "SELECT job_id FROM owed_log_entries"
    assert in_database(environment, owed) == [(environment.row(reply)[0],)]
    # As if the bot had been away for a minute.
    in_database(environment, "UPDATE owed_log_entries SET at = at - 60")
    async with environment.bot() as bot:
        await eventually(lambda: not in_database(environment, owed), lambda: "the entry is no longer owed")
        assert await bot.terminate(patience=10) == 0
    (entry,) = environment.discord.messages.unprompted
    assert "Completed" in entry.edits[-1].text
    assert len(entry.attachments) == 1
    assert len(reply.attachments) == 1
    assert len(environment.result_edits(reply)) == 1
