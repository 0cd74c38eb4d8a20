"""A tour of the sandbox, as a newcomer makes it."""

from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from bot.sandbox.avatars import SAMPLES
from tests.browser.channel import STATES, Channel
from tests.browser.conftest import sandbox

pytestmark = pytest.mark.browser

FACE, TARGET, GROUP = SAMPLES / "astronaut.jpg", SAMPLES / "admiral.jpg", SAMPLES / "group.jpg"

PAINTING = SAMPLES / "painting.jpg"

CLIP_WIDTH = 640


class Trial(NamedTuple):
    """A command to send, and the type of its result."""

    command: str
    files: dict[str, Path]
    options: dict[str, str]
    makes: str


TRIALS = (
    # The longest job comes first, so that the others run meanwhile.
    Trial("ai-face-swap", {"source_image": FACE, "target": SAMPLES / "clip.mp4"}, {}, "video/mp4"),
    Trial("faceswap-v4", {"source_image": FACE, "target_image": TARGET}, {"swap_type": "face"}, "image/png"),
    Trial("faceswap-v5", {"source_image": FACE, "target_image": TARGET}, {"quality": "80"}, "image/png"),
    Trial(
        "faceswap-comic", {"source_image": FACE, "target_image": SAMPLES / "painting.jpg"}, {}, "image/jpeg"
    ),
    Trial(
        "faceswap-v3-multifaceswap",
        {"source_img": GROUP, "target_img": GROUP},
        {"source_faces_index": "0,1", "input_faces_index": "1,0", "image_format": "webp"},
        "image/webp",
    ),
)


def test_every_command_is_picked_filled_in_and_followed_to_its_result(channel: Channel, address: str) -> None:
    channel.open(address)
    channel.screenshot("1-welcome")
    channel.type("/")
    assert set(channel.command_names()) > {f"/{trial.command}" for trial in TRIALS}
    channel.screenshot("2-commands")
    answers: list[Locator] = []
    for trial in TRIALS:
        channel.pick(trial.command, trial.files, trial.options)
        channel.screenshot(f"3-{trial.command}")
        answers.append(channel.send())
    channel.screenshot("4-several-at-once")
    for trial, answer in zip(TRIALS, answers, strict=True):
        expect(answer).to_contain_text("Completed")
        # On a busy machine, a state can end before its edit is due.
        states = channel.states(answer)
        assert states == [state for state in STATES if state in {*states, "Completed"}], trial.command
        channel.scroll_to(answer)
        channel.crop(answer, f"5-{trial.command}")
        if trial.makes.startswith("video/"):
            expect(answer.locator("video")).to_have_js_property("videoWidth", CLIP_WIDTH)
        else:
            target = list(trial.files.values())[1]
            assert channel.picture(answer) == (trial.makes, size_of(target))


def test_the_administrator_sees_the_same_channel_and_presses_a_button(channel: Channel, address: str) -> None:
    channel.open(address)
    channel.switch_to("Ada (administrator)")
    welcome = channel.messages.first
    answer = channel.press(welcome.get_by_role("button", name="Show me", exact=True).nth(2))
    expect(answer).to_contain_text("Completed")
    expect(answer).to_be_in_viewport(ratio=0.8)
    channel.settle()
    channel.screenshot("6-administrator")
    expect(answer).to_contain_text("Face swap v5")
    assert channel.picture(answer) == ("image/png", size_of(TARGET))


def test_a_page_that_is_left_open_comes_back_with_the_sandbox(
    channel: Channel, errors: list[str], tmp_path: Path
) -> None:
    with sandbox(tmp_path) as address:
        channel.open(address)
        before = channel.ids()
    with sandbox(tmp_path, int(address.rpartition(":")[2])):
        # The page asks again and again, and the browser logs errors while the sandbox is down.
        channel.wait_for_an_answer()
        expect(channel.messages).to_contain_text("Swap a face")
        channel.settle()
        assert channel.ids() == before
        welcome = channel.messages.first
        answer = channel.press(welcome.get_by_role("button", name="Show me", exact=True).first)
        expect(answer).to_be_visible()
    errors.clear()


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size
