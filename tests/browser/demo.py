"""Records the README's demo in the sandbox: a face swap with `/swap`, from the command to the result."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from bot.sandbox.avatars import SAMPLES
from tests.browser.channel import Channel

FACE, TARGET = SAMPLES / "astronaut.jpg", SAMPLES / "admiral.jpg"
SIZE = (800, 640)
# Milliseconds: the longest time that one frame stays, also while we only wait, and the time of the last one.
LONGEST, LONGEST_WAIT, LAST = 900, 120, 3000
MAX_BYTES = 3_000_000
QUALITY = 70


@dataclass
class Frame:
    """A screenshot and how long it stays, in milliseconds."""

    image: Image.Image
    shown: int


class Film:
    """A sequence of screenshots; one that equals the last only makes that one stay longer."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._frames: list[Frame] = []
        self._last = time.monotonic()

    def shoot(self, longest: int = LONGEST) -> None:
        with Image.open(BytesIO(self._page.screenshot())) as shot:
            image = shot.convert("RGB")
        now = time.monotonic()
        if self._frames:
            self._frames[-1].shown = min(self._frames[-1].shown + int((now - self._last) * 1000), longest)
        self._last = now
        if not self._frames or self._frames[-1].image.tobytes() != image.tobytes():
            self._frames.append(Frame(image, 0))

    def hold(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.shoot()

    def until(self, locator: Locator) -> None:
        """Film until something is there; a slow machine shall not make the film longer."""
        while not locator.is_visible():
            self.shoot(LONGEST_WAIT)

    def webp(self) -> bytes:
        first, *others = (frame.image for frame in self._frames)
        out = BytesIO()
        shown: Sequence[int] = [max(frame.shown, 60) for frame in self._frames[:-1]] + [LAST]
        first.save(
            out,
            "WEBP",
            save_all=True,
            append_images=others,
            duration=list(shown),
            loop=0,
            quality=QUALITY,
            method=4,
        )
        return out.getvalue()


def record(browser: Browser, address: str, style: str) -> bytes:
    """Record the demo for a member who has accepted the rules."""
    page = browser.new_page(
        viewport={"width": SIZE[0], "height": SIZE[1]}, reduced_motion="reduce", bypass_csp=True
    )
    channel = Channel(page)
    channel.open(address)
    page.add_style_tag(content=style)
    page.get_by_role("button", name="Messages", exact=True).click()
    film = Film(page)
    composer = page.locator("#channel-composer-input")
    for letter in "/swap":
        composer.press_sequentially(letter)
        film.hold(0.2)
    page.locator(".command-entry", has_text="/swap").first.click()
    film.hold(0.4)
    page.locator("#send-message").click()
    dialog = page.locator("#modal-root [role=dialog]")
    film.until(dialog)
    film.hold(0.8)
    for place, file in enumerate((FACE, TARGET)):
        dialog.locator("input[type=file]").nth(place).set_input_files(file)
        dialog.get_by_text(file.name).first.scroll_into_view_if_needed()
        film.hold(0.9)
    submit = dialog.get_by_role("button", name="Submit")
    submit.scroll_into_view_if_needed()
    film.hold(0.9)
    card = channel.messages.nth(channel.messages.count())
    submit.click()
    film.until(card.get_by_text("Completed"))
    pictures = card.locator("img.gallery-image")
    for picture in (pictures.first, pictures.last):
        expect(picture).not_to_have_js_property("naturalWidth", 0)
    channel.settle()
    pictures.first.scroll_into_view_if_needed()
    film.hold(0.6)
    page.close()
    made = film.webp()
    if len(made) > MAX_BYTES:
        raise SystemExit(f"The demo has {len(made):,} bytes, and more than {MAX_BYTES:,} are too many.")
    return made
