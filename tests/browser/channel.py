"""A person's actions in the channel, and what they see."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from PIL import Image
from playwright.sync_api import FloatRect, Locator, Page, expect
from playwright.sync_api import TimeoutError as PageTimeout

from tests.patience import PATIENCE

# Milliseconds in which the page reacts to a key.
SOON = 15_000

STATES = ("Queued", "Processing", "Completed")

# The page replaces its content, so polling would miss short states.
RECORDER = f"""
window.states = {{}};
new MutationObserver(() => {{
  for (const message of document.querySelectorAll("article[data-message-id]")) {{
    const seen = window.states[message.dataset.messageId] ??= [];
    for (const word of {list(STATES)}) {{
      // The state stands in the title of the card.
      if (message.textContent.includes(`· ${{word}}`) && seen.at(-1) !== word) seen.push(word);
    }}
  }}
}}).observe(document, {{ childList: true, subtree: true, characterData: true }});
window.shown = (message, state, patience) => new Promise((resolve, reject) => {{
  const look = () => {{
    if (!window.states[message]?.includes(state)) return;
    observer.disconnect();
    resolve();
  }};
  const observer = new MutationObserver(look);
  observer.observe(document, {{ childList: true, subtree: true, characterData: true }});
  setTimeout(() => reject(new Error(`message ${{message}} is not ${{state}}`)), patience);
  look();
}});
"""


class Channel:
    """The channel's page."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @property
    def messages(self) -> Locator:
        return self._page.locator("article[data-message-id]")

    def open(self, address: str) -> None:
        self._page.goto(address)
        self.settle()

    def settle(self) -> None:
        """Wait until the page has loaded everything that it shows."""
        expect(self._page.locator("#preview-app")).to_have_attribute("aria-busy", "false")

    def wait_for_an_answer(self) -> None:
        """Wait until the server of the page answers it."""
        with self._page.expect_response(lambda response: response.ok):
            pass

    def crop(self, message: Locator, path: Path) -> None:
        """Save a message without the empty space beside its card."""
        self._page.mouse.move(0, 0)
        outer, card = message.bounding_box(), message.locator(".component-container").bounding_box()
        assert outer is not None
        assert card is not None
        width = card["x"] + card["width"] - outer["x"] + 16
        box = FloatRect(x=outer["x"], y=outer["y"], width=width, height=outer["height"])
        self._page.screenshot(path=path, clip=box)

    def type(self, text: str) -> None:
        self._page.locator("#channel-composer-input").fill(text)

    def command_names(self) -> list[str]:
        """Return the commands in the picker."""
        entries = self._page.locator(".command-entry strong")
        expect(entries.first).to_be_visible()
        return entries.all_inner_texts()

    def pick(self, command: str, files: Mapping[str, Path], options: Mapping[str, str] | None = None) -> None:
        # A new message closes the picker, so picking may need another try.
        for _ in range(3):
            with suppress(PageTimeout, AssertionError):
                self._choose(command)
                return self._fill_in(files, options or {})
        raise AssertionError(f"/{command} cannot be picked")

    def _fill_in(self, files: Mapping[str, Path], options: Mapping[str, str]) -> None:
        for name, file in files.items():
            self._add_option(name)
            self._page.locator(f'input[type=file][data-option="{name}"]').set_input_files(file)
            expect(self._pill(name).locator(".command-file-choose")).to_have_text(file.name, timeout=SOON)
        for name, value in options.items():
            self._add_option(name)
            self._pill(name).locator("input").fill(value)
            choice = self._page.locator(f'.command-suggestion[data-value="{value}"]')
            if choice.count():
                choice.click()

    def send(self) -> Locator:
        """Run the picked command and return its reply, which stays the same element."""
        before = self.ids()
        self._page.locator("#send-message").click()
        return self._answer(before)

    def press(self, button: Locator) -> Locator:
        before = self.ids()
        button.click()
        return self._answer(before)

    def switch_to(self, name: str) -> None:
        viewers = self._page.locator("#viewer-picker")
        (viewer_id,) = viewers.select_option(label=name)
        # The page goes on showing what the former viewer sees until it has the other content.
        self._page.wait_for_function("id => window.sandbox.snapshot()?.viewerId === id", arg=viewer_id)
        expect(self.messages.first).to_be_visible()
        self.settle()

    def enter(self, name: str) -> None:
        """Open another channel."""
        self._page.locator("#channels button", has_text=name).click()
        expect(self._page.locator("#channel-name")).to_have_text(name)
        self.settle()

    def ids(self) -> list[str]:
        return [str(each.get_attribute("data-message-id")) for each in self.messages.all()]

    def wait_for(self, message: Locator, state: str) -> None:
        """Wait without looking again and again, as `expect` does, because a job takes long."""
        message_id = message.get_attribute("data-message-id")
        self._page.evaluate("terms => window.shown(...terms)", [message_id, state, PATIENCE * 1000])

    def states(self, message: Locator) -> list[str]:
        """Return the states that the message showed, in order."""
        seen: dict[str, list[str]] = self._page.evaluate("window.states")
        return seen[str(message.get_attribute("data-message-id"))]

    def scroll_to(self, message: Locator) -> None:
        """Scroll with the wheel, as a person does, so that the page stops following the newest message."""
        self._page.mouse.move(640, 400)
        self._page.mouse.wheel(0, -1)
        message.scroll_into_view_if_needed()
        self.settle()

    def picture(self, message: Locator) -> tuple[str, tuple[int, int]]:
        """Open and save the result; return its type and size."""
        # The first picture is the original.
        shown = message.locator("img.gallery-image").last
        expect(shown).to_have_js_property("complete", value=True)
        shown.click()
        saved = self._download()
        self._page.keyboard.press("Escape")
        with Image.open(saved) as picture:
            size = shown.evaluate("({naturalWidth, naturalHeight}) => [naturalWidth, naturalHeight]")
            assert picture.size == tuple(size)
            return Image.MIME[str(picture.format)], picture.size

    def _download(self) -> Path:
        # A page that changes at this moment drops the download, so it may need another try.
        for _ in range(3):
            with suppress(PageTimeout):
                with self._page.expect_download(timeout=SOON) as saved:
                    self._page.locator("dialog").get_by_role("button", name="Download").click()
                return saved.value.path()
        raise AssertionError("the result cannot be downloaded")

    def _choose(self, command: str) -> None:
        self.type(f"/{command}")
        self._page.locator(".command-entry").first.click(timeout=SOON)

    def _add_option(self, option: str) -> None:
        """Add an optional option; required ones are there already."""
        if not self._pill(option).count():
            self._page.locator(".command-ghost").click(timeout=SOON)
            self._page.locator(".command-suggestion", has_text=option).first.click(timeout=SOON)

    def _pill(self, name: str) -> Locator:
        return self._page.locator(f'.command-pill[data-option="{name}"]')

    def _answer(self, before: Sequence[str]) -> Locator:
        expect(self.messages).to_have_count(len(before) + 1)
        # Not always the last one: messages that only this member sees stand below it.
        (message_id,) = set(self.ids()) - {*before}
        return self._page.locator(f'article[data-message-id="{message_id}"]')
