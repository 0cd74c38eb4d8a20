"""A tour of the sandbox, as a newcomer makes it."""

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from bot.sandbox.avatars import SAMPLES
from tests.browser.channel import STATES, Channel
from tests.browser.conftest import Running
from tests.browser.trials import CLIP_WIDTH, trials

pytestmark = pytest.mark.browser

TARGET = SAMPLES / "admiral.jpg"
# Place of this model in the welcome.
V5 = 2


def test_every_command_is_picked_filled_in_and_followed_to_its_result(
    channel: Channel, address: str, tmp_path: Path
) -> None:
    tried = trials(tmp_path)
    channel.open(address)
    channel.type("/")
    assert set(channel.command_names()) > {f"/{trial.command}" for trial in tried}
    answers: list[Locator] = []
    for trial in tried:
        channel.pick(trial.command, trial.files, trial.options)
        answers.append(channel.send())
    # Each job that goes on changes the page, which may drop a click.
    for answer in answers:
        channel.wait_for(answer, "Completed")
    for trial, answer in zip(tried, answers, strict=True):
        # On a busy machine, a state can end before its edit is due.
        states = channel.states(answer)
        assert states == [state for state in STATES if state in {*states, "Completed"}], trial.command
        channel.scroll_to(answer)
        if trial.makes.startswith("video/"):
            expect(answer.locator("video")).to_have_js_property("videoWidth", CLIP_WIDTH)
        else:
            target = list(trial.files.values())[1]
            assert channel.picture(answer) == (trial.makes, size_of(target))


def test_a_page_that_is_left_open_comes_back_with_the_sandbox(
    channel: Channel, errors: list[str], running: Running
) -> None:
    channel.open(running.address)
    before = channel.ids()
    # The page asks again and again, and the browser logs errors while the sandbox is down.
    running.restart()
    channel.wait_for_an_answer()
    welcome = channel.messages.first
    expect(welcome).to_contain_text("Swap a face")
    channel.settle()
    assert channel.ids() == before
    channel.pick("credits balance", {})
    expect(channel.send()).to_be_visible()
    errors.clear()


def test_other_channels_have_menus_on_a_right_click_or_are_only_for_reading(
    channel: Channel, page: Page, address: str
) -> None:
    channel.open(address)
    channel.enter("news")
    expect(page.locator("#channel-topic")).to_have_text(re.compile("may not write"))
    expect(page.locator("#channel-composer")).to_be_hidden()
    channel.enter("pictures")
    posted = channel.messages.first
    posted.locator(".message-content").click(button="right")
    menu = page.get_by_role("menu")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    posted.locator(".message-avatar").click(button="right")
    expect(menu.get_by_role("menuitem")).to_have_text(["Swap with this member"])
    page.keyboard.press("Escape")
    posted.hover()
    posted.get_by_role("button", name="Apps").click()
    menu.get_by_role("menuitem", name="Swap a face into this").press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()


def test_the_administrator_sees_a_result_and_reports_it_and_a_moderator_removes_it(
    channel: Channel, page: Page, address: str
) -> None:
    channel.open(address)
    expect(page.locator("#channels button")).to_have_text(["faceswap", "pictures", "news"])
    welcome = channel.messages.first
    answer = channel.press(welcome.get_by_role("button", name="Show me", exact=True).nth(V5))
    channel.wait_for(answer, "Completed")
    expect(answer).to_be_in_viewport(ratio=0.8)
    channel.switch_to("Ada (administrator)")
    expect(answer).to_contain_text("Face swap v5")
    others = channel.messages.count() - 1
    assert channel.picture(answer) == ("image/png", size_of(TARGET))
    answer.get_by_role("button", name="Report").click()
    form = page.get_by_role("dialog")
    form.get_by_role("radio").first.check(force=True)
    form.get_by_role("button", name="Submit").click()
    expect(form).to_have_count(0)
    expect(page.locator("#channels button", has_text="moderators")).to_have_attribute("data-unread", "")
    channel.switch_to("Mika (moderator)")
    channel.enter("moderators")
    case = channel.messages.filter(has_text="Report 1")
    case.get_by_role("button", name="Remove").click()
    form.get_by_role("button", name="Submit").click()
    channel.enter("faceswap")
    expect(answer).to_have_count(0)
    expect(channel.messages).to_have_count(others)


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size
