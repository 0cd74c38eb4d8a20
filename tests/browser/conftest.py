"""One sandbox, one browser and one page for all tests of a module."""

import asyncio
import shutil
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bot.sandbox.app import SandboxOptions, open_sandbox
from tests.browser.channel import RECORDER, Channel
from tests.harness import shared_workers
from tests.patience import PATIENCE
from tests.sandbox.visitor import AGREED

# The default speed, slow enough to see every state.
SPEED = 10.0
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Running:
    """The sandbox of a module, at the same address after a restart.

    It runs in a thread of the tests, where it needs neither imports nor media workers of its own.
    """

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self.address = stack.enter_context(self._opened(0))

    def restart(self) -> None:
        self._stack.close()
        self._stack.enter_context(self._opened(int(self.address.rpartition(":")[2])))

    @contextmanager
    def _opened(self, port: int) -> Generator[str]:
        opened = Future[tuple[str, Callable[[], object]]]()

        async def serve() -> None:
            loop, left = asyncio.get_running_loop(), asyncio.Event()
            options = SandboxOptions(port, SPEED, browser=False, folder=self._folder)
            async with open_sandbox(AGREED, options, workers=shared_workers()) as sandbox:
                opened.set_result((sandbox.address, lambda: loop.call_soon_threadsafe(left.set)))
                await left.wait()

        with ThreadPoolExecutor(1, "sandbox") as thread:
            serving = thread.submit(asyncio.run, serve())
            serving.add_done_callback(lambda _: opened.cancel())
            try:
                address, leave = opened.result()
            except CancelledError:
                serving.result()
                raise
            try:
                yield address
            finally:
                leave()
                serving.result()


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


class Tab:
    """The page of a module: another one would load and compile all files again."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Generator[Tab]:
    with browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce") as context:
        context.set_default_timeout(PATIENCE * 1000)
        context.add_init_script(RECORDER)
        yield Tab(context.new_page())


@pytest.fixture
def errors(tab: Tab) -> Generator[list[str]]:
    """Errors of the browser; a test that expects some clears them."""
    tab.errors.clear()
    yield tab.errors
    # What the browser sent before this answer has arrived with it.
    tab.page.evaluate("() => null")
    assert tab.errors == []


@pytest.fixture
def page(tab: Tab, errors: list[str]) -> Page:
    del errors
    return tab.page


@pytest.fixture
def channel(page: Page) -> Channel:
    return Channel(page)
