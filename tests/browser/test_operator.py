"""The operator's page on a phone: signed in to, watched while a job moves, paused, resumed, found again."""

import re
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import ConsoleMessage, Error, Page, ViewportSize, async_playwright, expect
from pydantic import SecretStr

from tests.browser.conftest import ARGUMENTS
from tests.clocks import HeldClock
from tests.harness import Stage, local_segmind, staged
from tests.patience import PATIENCE

pytestmark = pytest.mark.browser

TOKEN = "a-token-of-the-tests-0123456789"
SLUG = "faceswap-v5"
PHONE = ViewportSize(width=360, height=740)


@asynccontextmanager
async def phone(errors: list[str]) -> AsyncGenerator[Page]:
    """A browser with the width of a phone; `errors` collects its errors."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no chromium here; Debian's package has one: apt-get install chromium")
    expect.set_options(timeout=PATIENCE * 1000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        context = await browser.new_context(viewport=PHONE, color_scheme="dark", reduced_motion="reduce")
        page = await context.new_page()

        def on_error(error: Error) -> None:
            errors.append(str(error))

        def on_console(line: ConsoleMessage) -> None:
            if line.type == "error":
                errors.append(line.text)

        page.on("pageerror", on_error)
        page.on("console", on_console)
        yield page
        await browser.close()


async def fits(page: Page) -> None:
    """Check that nothing is cut off and nothing scrolls sideways."""
    width = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    assert await page.evaluate(width) == [PHONE["width"], PHONE["width"]]


async def sign_in(page: Page, address: str) -> None:
    await page.goto(address)
    await expect(page.get_by_label("Token")).to_be_focused()
    await fits(page)
    await page.keyboard.type(TOKEN)
    await page.keyboard.press("Enter")
    await expect(page.locator("#connection")).to_have_text("Live")


async def watch_a_job(page: Page, stage: Stage) -> None:
    states = page.locator("#states")
    reply = await stage.order(SLUG)
    await reply.says("Queued")
    await expect(states).to_contain_text("1 processing")
    await expect(page).to_have_title("1 open · Doppel")
    await stage.finish(reply, "Completed")
    await expect(states).to_contain_text("0 processing")
    await expect(page.locator(".tile", has_text="Open jobs")).to_contain_text("nothing to do")


async def pause_by_keyboard(page: Page, stage: Stage) -> None:
    switch = page.locator("#switch")
    await switch.focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Pause new jobs?")
    await expect(dialog).to_be_visible()
    await fits(page)
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(switch).to_have_text("Pause")
    await page.keyboard.press("Enter")
    await dialog.get_by_role("button", name="Pause").press("Enter")
    await expect(switch).to_have_text("Resume")
    await expect(switch).to_be_focused()
    reply = await stage.order(SLUG)
    await reply.says("Paused")
    await expect(page.locator("#states")).to_contain_text("1 waiting")
    await expect(page.get_by_text(re.compile(r"Paused since \d\d:\d\d"))).to_be_visible()
    await fits(page)
    await switch.click()
    await expect(switch).to_have_text("Pause")
    await stage.finish(reply, "Completed")
    assert len(stage.segmind.submissions) == 2


async def look_behind_a_chart(page: Page) -> None:
    shown = page.locator("section", has=page.get_by_role("heading", name="Jobs per minute, by outcome"))
    await expect(shown.get_by_role("img")).to_have_accessible_name(re.compile("^Jobs finished since"))
    # New figures keep an opened table open.
    await shown.get_by_text("As a table").click()
    row = shown.get_by_role("row").nth(1)
    await expect(row).to_have_text(re.compile(r"^\d\d:\d\d[12]0000$"))
    for _ in range(2):
        async with page.expect_response("**/figures"):
            pass
    await expect(row).to_be_visible()
    await fits(page)


async def test_on_a_phone_the_page_is_signed_in_to_watched_paused_resumed_and_found_again(
    tmp_path: Path,
) -> None:
    clock, errors = HeldClock(), list[str]()
    database, token = tmp_path / "doppel.db", SecretStr(TOKEN)
    async with local_segmind(clock) as segmind, phone(errors) as page:
        ops: dict[str, Any] = {"listen": "127.0.0.1:0", "page_token": token}
        async with staged(database, segmind, clock, ops=ops) as stage:
            address = str(stage.app.served_at)
            await sign_in(page, address)
            await watch_a_job(page, stage)
            await pause_by_keyboard(page, stage)
            await look_behind_a_chart(page)
            assert errors == []
        await expect(page.locator("#connection")).to_contain_text("No connection since")
        await expect(page.locator("#switch")).to_be_disabled()
        ops["listen"] = address.removeprefix("http://")
        async with staged(database, segmind, clock, ops=ops):
            # The sign-in survives the restart.
            await expect(page.locator("#connection")).to_contain_text("Live, restarted at")
            await expect(page.locator("#switch")).to_be_enabled()
            # The browser logged errors while the bot was down.
            errors.clear()
            await page.get_by_role("button", name="Sign out").click()
            await expect(page.get_by_label("Token")).to_be_visible()
            assert errors == []
