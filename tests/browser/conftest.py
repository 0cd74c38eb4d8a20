"""One sandbox, one browser and its cache for all tests of a module."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.channel import RECORDER, Channel
from tests.patience import PATIENCE

# The default speed, slow enough to see every state.
SPEED = "10"
SCREENSHOTS = Path(__file__).parents[2] / "var" / "screenshots"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def sandbox(folder: Path, port: int = 0, *, speed: str = SPEED, consent: bool = False) -> Generator[str]:
    """Run the real program and yield its address; without `consent`, everybody has accepted the rules."""
    command = [sys.executable, "-m", "bot", "sandbox", "--no-browser", "--port", str(port), "--speed", speed]
    environment = {**os.environ, "DOPPEL_CONSENT__REQUIRED": str(consent).lower()}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        found = re.search(r"http://localhost:\d+", first)
        assert found is not None, first
        try:
            yield found[0]
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


class Running:
    """The sandbox of a module, at the same address after a restart."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self.address = stack.enter_context(sandbox(folder))

    def restart(self) -> None:
        self._stack.close()
        self._stack.enter_context(sandbox(self._folder, int(self.address.rpartition(":")[2])))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    with ExitStack() as stack:
        yield Running(tmp_path_factory.mktemp("sandbox"), stack)


@pytest.fixture
def address(running: Running) -> str:
    return running.address


# Not session-wide: Playwright runs an event loop in this thread, which prevents any other loop.
@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no chromium here; Debian's package has one: apt-get install chromium")
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


# A page of a new context would load all files and fonts again.
@pytest.fixture(scope="module")
def context(browser: Browser) -> Generator[BrowserContext]:
    with browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce") as context:
        context.set_default_timeout(PATIENCE * 1000)
        context.add_init_script(RECORDER)
        yield context


@pytest.fixture
def errors() -> list[str]:
    """Errors of the browser."""
    return []


@pytest.fixture
def page(context: BrowserContext, errors: list[str]) -> Generator[Page]:
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    yield page
    page.close()
    assert errors == []


@pytest.fixture
def channel(page: Page) -> Channel:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return Channel(page, SCREENSHOTS)
