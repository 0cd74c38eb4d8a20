"""Entries of the moderation log that cannot be posted."""

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from bot.chat.client import Doppel
from bot.ledger.allowance import DAY
from tests.chat.conftest import House
from tests.chat.moderation.reports import finished_order
from tests.harness import Stage, eventually

NOWHERE = 5


async def log_to(stage: Stage, channel_id: int) -> None:
    rules = json.dumps({"log_channel": channel_id})
    await stage.execute("INSERT INTO servers (id, rules) VALUES (?, ?)", stage.guild.id, rules)


def owed_entries(stage: Stage) -> int:
    with closing(sqlite3.connect(stage.database)) as database:
        ((count,),) = database.execute("SELECT count(*) FROM owed_log_entries").fetchall()
    return count


async def test_a_channel_that_is_gone_is_tried_once(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    await log_to(stage, NOWHERE)
    output = ""

    def is_over() -> bool:
        nonlocal output
        output += capsys.readouterr().out
        return "code=10003" in output and not owed_entries(stage)

    await finished_order(stage)
    await eventually(is_over, lambda: output)


async def test_an_unreachable_discord_is_tried_for_a_day(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, attempts = house.server.stage, list[object]()

    def lose_connection(*place: object, **_: object) -> Any:
        attempts.append(place)
        raise ConnectionResetError

    async def restart_after(seconds: float) -> None:
        before = len(attempts)
        await stage.execute("UPDATE owed_log_entries SET at = at - ?", seconds)
        await house.restart()
        await eventually(lambda: len(attempts) > before, lambda: "an attempt after the restart")

    monkeypatch.setattr(Doppel, "get_partial_messageable", lose_connection)
    await log_to(stage, stage.channel.id)
    await finished_order(stage)
    await eventually(lambda: attempts, lambda: "the first attempt")
    await restart_after(60)
    assert owed_entries(stage) == 1
    await restart_after(DAY)
    await eventually(lambda: not owed_entries(stage), lambda: "the bot gives up")
