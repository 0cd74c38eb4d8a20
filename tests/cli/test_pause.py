"""`doppel pause` and `doppel resume` next to a running bot."""

import asyncio
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.jobs.supervision.pause import paused_since
from bot.store import SqlStore
from tests.store.orders import START, HandClock


async def test_a_running_bot_is_paused_and_resumed_from_a_terminal(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    async with SqlStore(url, start=START, clock=HandClock()) as store:
        # `main` has an event loop of its own.
        assert await asyncio.to_thread(main, ["pause"]) == 0
        first = capsys.readouterr().out
        assert first.startswith("Paused since 20")
        since = await paused_since(store)
        assert since is not None
        assert await asyncio.to_thread(main, ["pause"]) == 0
        assert capsys.readouterr().out == first
        assert await paused_since(store) == since
        assert await asyncio.to_thread(main, ["resume"]) == 0
        assert capsys.readouterr().out == "Resumed.\n"
        assert await paused_since(store) is None
        assert await asyncio.to_thread(main, ["resume"]) == 0
        assert capsys.readouterr().out == "Nothing was paused.\n"


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_a_missing_database_is_reported(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([command]) == 1
    assert "there is no file" in capsys.readouterr().err
