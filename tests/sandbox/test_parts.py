"""Small parts of the sandbox: the pulse, the end, and what this machine has."""

import asyncio
import webbrowser
from collections.abc import Awaitable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
import simcord
from structlog.testing import capture_logs

from bot.sandbox import app, local_env, segmind_server, ticker
from bot.sandbox.app import Wishes
from bot.sandbox.shutdown import stopped
from bot.settings import Settings
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from simcord import Preview


class Moody:
    """An environment and its page, which fails at first."""

    def __init__(self, *failures: Exception) -> None:
        self.http_requests = ["a request"]
        self.refreshed = asyncio.Event()
        self._failures = list(failures)

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def advance_time(self, seconds: float) -> None:
        assert seconds < 1
        if self._failures:
            raise self._failures.pop(0)

    async def refresh(self) -> None:
        self.refreshed.set()


@pytest.mark.parametrize(
    ("failure", "logged"),
    [(TimeoutError(), "debug"), (simcord.SetupError("closed"), "debug"), (KeyError("a bug"), "error")],
)
async def test_a_beat_that_goes_wrong_is_not_the_last(
    failure: Exception, logged: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticker, "REST", 0.0)
    moody = Moody(failure)
    with capture_logs() as said:
        beats = asyncio.create_task(ticker.Pulse(cast("simcord.Env", moody), cast("Preview", moody)).run())
        await asyncio.wait_for(moody.refreshed.wait(), PATIENCE)
        beats.cancel()
    assert [entry["log_level"] for entry in said] == [logged]


async def test_a_server_is_closed_by_cancelling_what_waits_for_its_end() -> None:
    waiting = asyncio.create_task(stopped(asyncio.Event().wait()))
    await asyncio.sleep(0)
    waiting.cancel()
    await waiting


async def test_the_browser_is_opened_where_there_is_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    await local_env.show("http://nowhere")
    assert opened == []
    monkeypatch.setenv("DISPLAY", ":0")
    await local_env.show("http://here")
    assert opened == ["http://here"]


@pytest.mark.parametrize(
    ("named", "found"), [("Europe/Berlin", "Europe/Berlin"), ("Nowhere/Else", "UTC"), ("../etc", "UTC")]
)
def test_a_time_zone_that_nobody_knows_is_utc(
    named: str, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", named)
    assert local_env.local_timezone() == found


async def test_both_commands_say_where_they_are_and_end_when_they_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(end: Awaitable[Any]) -> None:
        asyncio.ensure_future(end).cancel()

    monkeypatch.setattr(segmind_server, "stopped", at_once)
    monkeypatch.setattr(app, "stopped", at_once)
    await segmind_server.serve("127.0.0.1", 0, 10)
    assert "SEGMIND_API_KEY=anything doppel run" in capsys.readouterr().out
    quiet = Settings.model_validate({"ops": {"log_level": "warning"}})
    await app.sandbox(quiet, Wishes(0, 10, browser=False, folder=tmp_path))
    assert "The sandbox is open: http://localhost:" in capsys.readouterr().out
