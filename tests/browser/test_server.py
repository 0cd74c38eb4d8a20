"""The server around the channel: menus, other channels, and a report from its button to its decision."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.channel import Channel

pytestmark = pytest.mark.browser


def test_a_right_click_on_a_message_offers_the_menus_and_opens_the_form(
    channel: Channel, page: Page, address: str
) -> None:
    channel.open(address)
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
    channel.screenshot("7-menu")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()


def test_a_report_is_played_through_to_its_decision(channel: Channel, page: Page, address: str) -> None:
    channel.open(address)
    expect(page.locator("#channels button")).to_have_text(["faceswap", "pictures", "news"])
    welcome = channel.messages.first
    answer = channel.press(welcome.get_by_role("button", name="Show me", exact=True).nth(2))
    expect(answer).to_contain_text("Completed")
    channel.switch_to("Ada (administrator)")
    answer.get_by_role("button", name="Report").click()
    form = page.get_by_role("dialog")
    form.get_by_role("radio").first.check(force=True)
    form.get_by_role("button", name="Submit").click()
    expect(form).to_have_count(0)
    expect(page.locator("#channels button", has_text="moderators")).to_have_attribute("data-unread", "")
    channel.switch_to("Mika (moderator)")
    channel.enter("moderators")
    case = channel.messages.filter(has_text="Report 1")
    channel.screenshot("8-case")
    case.get_by_role("button", name="Remove").click()
    form.get_by_role("button", name="Submit").click()
    channel.enter("faceswap")
    expect(answer).to_have_count(0)
    expect(channel.messages).to_have_count(1)


def test_a_member_may_not_write_where_only_administrators_may(
    channel: Channel, page: Page, address: str
) -> None:
    channel.open(address)
    channel.enter("news")
    expect(page.locator("#channel-topic")).to_have_text(re.compile("may not write"))
    expect(page.locator("#channel-composer")).to_be_hidden()
