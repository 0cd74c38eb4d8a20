"""Small parts of the sandbox: ticker, shutdown, browser and time zone."""

import asyncio
import webbrowser
from collections.abc import Awaitable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import pytest
import simcord
from structlog.testing import capture_logs

from bot.sandbox import app, local_env, segmind_server, ticker
from bot.sandbox.app import SandboxOptions
from bot.sandbox.avatars import SAMPLES
from bot.sandbox.errors import SandboxError
from bot.sandbox.proxy import PAGE
from bot.sandbox.segmind import FaultKind
from bot.sandbox.shutdown import wait_until_stopped
from bot.settings import Settings
from tests.patience import PATIENCE
from tests.sandbox.visitor import Visitor

ROOT = Path(__file__).parents[2]

if TYPE_CHECKING:
    from simcord import Preview


class FlakyEnv:
    """An environment and its page, which fail at first."""

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
        pass


@pytest.mark.parametrize(
    ("failure", "logged"),
    [(TimeoutError(), "debug"), (simcord.SetupError("closed"), "debug"), (KeyError("a bug"), "error")],
)
async def test_the_ticker_continues_after_an_error(
    failure: Exception, logged: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticker, "ERROR_PAUSE", 0.0)
    env = FlakyEnv(failure)
    with capture_logs() as entries:
        subject = ticker.Ticker(cast("simcord.Env", env), cast("Preview", env), env.refreshed.set)
        task = asyncio.create_task(subject.run())
        await asyncio.wait_for(env.refreshed.wait(), PATIENCE)
        task.cancel()
    assert [entry["log_level"] for entry in entries] == [logged]


async def test_a_server_is_closed_by_cancelling_what_waits_for_its_end() -> None:
    waiting = asyncio.create_task(wait_until_stopped(asyncio.Event().wait()))
    await asyncio.sleep(0)
    waiting.cancel()
    await waiting


async def test_the_browser_is_opened_where_there_is_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    await local_env.open_browser("http://nowhere")
    assert opened == []
    monkeypatch.setenv("DISPLAY", ":0")
    await local_env.open_browser("http://here")
    assert opened == ["http://here"]


@pytest.mark.parametrize(
    ("configured", "found"), [("Europe/Berlin", "Europe/Berlin"), ("Nowhere/Else", "UTC"), ("../etc", "UTC")]
)
def test_an_unknown_time_zone_is_utc(configured: str, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", configured)
    assert local_env.local_timezone() == found


def test_faults_are_read_or_refused_in_a_sentence() -> None:
    assert FaultKind.STUCK in segmind_server.parse_faults("submit: stuck", 1).draw("submit")
    with pytest.raises(SandboxError, match="the faults cannot be read: there is no endpoint 'submitt'"):
        segmind_server.parse_faults("submitt: stuck", 1)


async def test_the_local_segmind_prints_its_address_and_stops(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stop_immediately(end: Awaitable[Any]) -> None:
        asyncio.ensure_future(end).cancel()

    monkeypatch.setattr(segmind_server, "wait_until_stopped", stop_immediately)
    await segmind_server.serve("127.0.0.1", 0, 10)
    assert "SEGMIND_API_KEY=anything doppel run" in capsys.readouterr().out


async def test_the_page_can_end_the_sandbox(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = asyncio.Queue[str]()
    monkeypatch.setattr(app, "open_browser", browser.put)
    quiet = Settings.model_validate({"ops": {"log_level": "warning"}})
    running = asyncio.create_task(app.run_sandbox(quiet, SandboxOptions(0, 10, folder=tmp_path)))
    address = await asyncio.wait_for(browser.get(), PATIENCE)
    async with aiohttp.ClientSession() as session:
        await (await Visitor.open(session, address)).close()
    await asyncio.wait_for(running, PATIENCE)
    assert f"The sandbox is open: {address}  (Ctrl-C closes it)\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        (PAGE / "logo.svg", "logo.svg"),
        (PAGE / "avatar.png", "avatar.png"),
        (ROOT / "bot/ops/dashboard/files/page.svg", "logo.svg"),
    ],
)
def test_the_pages_and_the_docs_show_the_same_face_of_the_bot(shown: Path, name: str) -> None:
    # The docs cannot link outside of their folder.
    assert shown.read_bytes() == (ROOT / "docs/pictures" / name).read_bytes()


@pytest.mark.parametrize("sample", sorted(SAMPLES.iterdir()), ids=lambda path: path.name)
def test_the_notice_says_where_a_sample_comes_from(sample: Path) -> None:
    notice = (ROOT / "NOTICE").read_text("utf-8")
    assert sample.name in notice
