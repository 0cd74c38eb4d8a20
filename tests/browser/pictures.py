"""Takes the docs' screenshots in the sandbox: python -m tests.browser.pictures."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageChops, ImageSequence, ImageStat
from playwright.sync_api import Locator, Page, expect, sync_playwright

from bot.sandbox.avatars import SAMPLES
from bot.sandbox.welcome import PEOPLE
from tests.browser.channel import RECORDER, Channel
from tests.browser.conftest import ARGUMENTS
from tests.browser.demo import record
from tests.browser.history import SPEED, fill_history
from tests.wording import wording

ROOT = Path(__file__).parents[2]
DOCS, SCREENSHOTS = ROOT / "docs", ROOT / "var" / "screenshots"
FACE, TARGET, CLIP = SAMPLES / "astronaut.jpg", SAMPLES / "admiral.jpg", SAMPLES / "clip.mp4"
ADMINISTRATOR = "Ada (administrator)"
# Larger pictures would load too slowly.
MAX_BYTES = 160 * 1000
# A picture of text alone has fewer colours than the first number, and needs only the second.
MANY_COLOURS, FEW_COLOURS = 5000, 256
# Milliseconds.
PATIENCE = 120_000
# A picture that looks the same is not replaced: a duration may differ by a tenth.
SAME = 0.2
# The charts of the operator's page show the time of day.
SAME_PAGE = 2.8
SAME_DEMO = 2.0

# The clock says the same on every day.
CLOCK_STYLE = """
time.message-time { font-size: 0; }
time.message-time::before { content: "Today at 12:00"; font-size: 12px; }
"""
# A form is shown to its end, and a page that is busy does not look so.
STYLE = f"""{CLOCK_STYLE}
.modal-dialog {{ max-height: none; }}
button.component-button[aria-disabled="true"] {{ opacity: 1; }}
"""


# Ids, fingerprints and times would differ in every run.
STABLE_TEXT = """(message) => {
  const walk = document.createTreeWalker(message, NodeFilter.SHOW_TEXT);
  let count = 0;
  const other = (found, digits) => {
    let [x, text] = [++count, ""];
    while (text.length < found.length) {
      x = (x * 48271) % 2147483647;
      text += digits[x % digits.length];
    }
    return text;
  };
  const ago = [...message.querySelectorAll("time.discord-timestamp")];
  for (const [place, time] of ago.filter((each) => /ago|now/.test(each.textContent)).entries()) {
    // The page sets past own ones right, as time goes by.
    const still = document.createElement("span");
    still.className = time.className;
    still.textContent = `${7 + 9 * place} seconds ago`;
    time.replaceWith(still);
  }
  while (walk.nextNode()) {
    walk.currentNode.data = walk.currentNode.data
      .replace(/\\b(?:[0-9a-f]{20,}|[0-9a-f]{8})\\b/g, (found) => other(found, "0123456789abcdef"))
      .replace(/\\d{17,}/g, (found) => other(found, "123456789"));
  }
}"""


# One message alone, because changing messages would move it.
ALONE = """
article[data-message-id]:not([data-alone]) { display: none; }
article[data-alone] {
  position: fixed; top: 0; left: 0; width: 704px; padding-block: 12px; z-index: 9999; background: #323339;
}
"""


class Photographer:
    """Takes and collects the screenshots."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page = page
        self.channel = Channel(page)
        self._folder = folder
        self.taken: dict[str, bytes] = {}

    def message(self, name: str, message: Locator) -> None:
        """Take a picture of one message."""
        self.channel.scroll_to(message)
        message.evaluate(STABLE_TEXT)
        message.evaluate("(message) => message.setAttribute('data-alone', '')")
        with self._styled(ALONE):
            self.channel.crop(message, self._folder / f"{name}.png")
        message.evaluate("(message) => message.removeAttribute('data-alone')")
        self._keep(name)

    @contextmanager
    def _styled(self, style: str) -> Generator[None]:
        sheet = self.page.add_style_tag(content=style)
        yield
        sheet.evaluate("(sheet) => sheet.remove()")

    def form(self, name: str, form: Locator) -> None:
        form.screenshot(path=self._folder / f"{name}.png")
        self._keep(name)

    def screen(self, name: str, page: Page) -> None:
        """Take a picture of the visible part of a page."""
        page.screenshot(path=self._folder / f"{name}.png")
        self._keep(name)

    def _keep(self, name: str) -> None:
        self.taken[name] = compress((self._folder / f"{name}.png").read_bytes())


def compress(content: bytes) -> bytes:
    """Compress a screenshot; photos keep their colours, unless they are too large with them."""
    with Image.open(BytesIO(content)) as opened:
        shot = opened.convert("RGB")
    few = shot.quantize(FEW_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    if shot.getcolors(MANY_COLOURS) is None and len(saved := _png(shot)) <= MAX_BYTES:
        return saved
    return _png(few)


def _png(shot: Image.Image) -> bytes:
    out = BytesIO()
    shot.save(out, "PNG", optimize=True)
    return out.getvalue()


def save_demo(content: bytes) -> str:
    """Save the demo; one that ends with the same picture is not replaced."""
    path = DOCS / "pictures/demo.webp"
    if (
        path.exists()
        and (apart := difference(last_frame(path.read_bytes()), last_frame(content))) < SAME_DEMO
    ):
        return f"as before ({apart:.2f})"
    path.write_bytes(content)
    return f"{len(content):,} bytes"


def last_frame(film: bytes) -> bytes:
    with Image.open(BytesIO(film)) as opened:
        *_, last = (frame.convert("RGB") for frame in ImageSequence.Iterator(opened))
        out = BytesIO()
        last.save(out, "PNG")
        return out.getvalue()


def save_picture(name: str, content: bytes) -> str:
    path = DOCS / f"pictures/{name}.png"
    if len(content) > MAX_BYTES:
        raise SystemExit(f"{path.name} has {len(content):,} bytes, and more than {MAX_BYTES:,} are too many.")
    same = SAME_PAGE if name == "operator-page" else SAME
    if path.exists() and (apart := difference(path.read_bytes(), content)) < same:
        return f"as before ({apart:.2f})"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return f"{len(content):,} bytes"


def difference(one: bytes, other: bytes) -> float:
    """Return the mean difference of pixels, of 255; pictures of two sizes have the maximum."""
    with Image.open(BytesIO(one)) as first, Image.open(BytesIO(other)) as second:
        if first.size != second.size:
            return 255.0
        apart = ImageChops.difference(first.convert("RGB"), second.convert("RGB"))
        return sum(ImageStat.Stat(apart).mean) / 3


def place_order(
    photographer: Photographer, slug: str = "faceswap-v5", face: Path = FACE, **options: str
) -> Locator:
    target = CLIP if slug == "ai-face-swap" else TARGET
    slot = "target" if slug == "ai-face-swap" else "target_image"
    photographer.channel.pick(slug, {"source_image": face, slot: target}, options)
    return photographer.channel.send()


def first_order(photographer: Photographer, faces: Path) -> None:
    """Accept the rules with the first order, which then continues."""
    del faces
    asked = place_order(photographer, "faceswap-v4", swap_type="face")
    expect(asked).to_contain_text(wording("consent.title"))
    photographer.message("consent", asked)
    asked.get_by_role("button", name="I agree").click()
    done = photographer.channel.messages.filter(has_text="Completed").first
    expect(done).to_be_visible()
    photographer.message("card", done)


@contextmanager
def as_administrator(photographer: Photographer, *, posts: int = 0) -> Generator[None]:
    """View as the administrator, after whom the member sees `posts` more messages."""
    seen_by_member = photographer.channel.messages.count()
    photographer.channel.switch_to(ADMINISTRATOR)
    yield
    photographer.channel.switch_to("Robin")
    # A busy machine shows the administrator's messages for a while.
    expect(photographer.channel.messages).to_have_count(seen_by_member + posts)


def log_and_endings(photographer: Photographer, faces: Path) -> None:
    with as_administrator(photographer):
        photographer.channel.pick("admin log", {}, {"channel": "faceswap"})
        photographer.page.locator(".command-suggestion", has_text="faceswap").first.click()
        expect(photographer.channel.send()).to_contain_text("logged")
    logged = photographer.channel.messages.filter(has_text="target_image")
    for count, (name, file) in enumerate((("failed", "fail"), ("blocked", "blocked")), start=1):
        ended = place_order(photographer, face=faces / f"{file}.jpg")
        expect(ended).to_contain_text(name.capitalize())
        # A new message closes the picker.
        expect(logged).to_have_count(count)
        photographer.message(name, ended)
    photographer.message("log", logged.last)


def report(photographer: Photographer, faces: Path) -> None:
    del faces
    with as_administrator(photographer, posts=1):
        done = photographer.channel.messages.filter(
            has=photographer.page.get_by_role("button", name="Report")
        ).first
        done.get_by_role("button", name="Report").click()
        dialog = photographer.page.locator("#modal-root [role=dialog]")
        dialog.get_by_role("radio").first.check()
        photographer.form("report", dialog)
        dialog.get_by_role("button", name="Submit").click()
        case = photographer.channel.messages.filter(has_text="Dismiss").last
        expect(case).to_be_visible()
        photographer.message("case", case)


def panel(photographer: Photographer, faces: Path) -> None:
    del faces
    with as_administrator(photographer):
        photographer.channel.pick("admin panel", {})
        shown = photographer.channel.send()
        expect(shown).to_contain_text("Control panel")
        photographer.message("panel", shown)


def lists(photographer: Photographer, faces: Path) -> None:
    del faces
    photographer.channel.pick("face save", {"picture": FACE}, {"name": "me"})
    expect(photographer.channel.send()).to_contain_text("Saved as")
    photographer.channel.pick("face list", {})
    shown = photographer.channel.send()
    expect(shown).to_contain_text("Your faces")
    photographer.message("faces", shown)
    photographer.channel.pick("jobs", {})
    listed = photographer.channel.send()
    expect(listed).to_contain_text("Your jobs")
    photographer.message("jobs", listed)


def demo(photographer: Photographer, faces: Path) -> None:
    del faces
    browser = photographer.page.context.browser
    assert browser is not None
    photographer.taken["demo"] = record(browser, photographer.page.url.partition("#")[0], CLOCK_STYLE)


def form(photographer: Photographer, faces: Path) -> None:
    del faces
    photographer.channel.pick("swap", {})
    photographer.page.locator("#send-message").click()
    dialog = photographer.page.locator("#modal-root [role=dialog]")
    expect(dialog).to_be_visible()
    photographer.form("swap", dialog)
    photographer.page.keyboard.press("Escape")


def group(photographer: Photographer, faces: Path) -> None:
    photographer.channel.pick("swap", {})
    photographer.page.locator("#send-message").click()
    dialog = photographer.page.locator("#modal-root [role=dialog]")
    uploads = dialog.locator("input[type=file]")
    uploads.first.set_input_files([faces / name for name in PEOPLE])
    uploads.last.set_input_files(faces / "group.jpg")
    dialog.get_by_text("Group ·").click()
    dialog.get_by_role("button", name="Submit").click()
    preview = photographer.channel.messages.filter(has_text="Which face goes where").last
    expect(preview.get_by_role("button", name="Swap like this")).to_be_enabled()
    photographer.message("group", preview)


def waiting(photographer: Photographer, faces: Path) -> None:
    """Two jobs may run at once, so the third one waits."""
    for _ in range(2):
        expect(place_order(photographer, "ai-face-swap", faces / "slow.jpg")).to_contain_text("Segmind")
    third = place_order(photographer)
    expect(third).to_contain_text("Waiting in line")
    photographer.message("waiting", third)


def operator_page(photographer: Photographer, faces: Path) -> None:
    """Take the operator's page while the earlier jobs wait and run."""
    del faces
    browser = photographer.page.context.browser
    assert browser is not None
    page = browser.new_page(viewport={"width": 1000, "height": 1180}, color_scheme="dark")
    page.goto(f"{photographer.page.url.partition('#')[0]}operator/")
    expect(page.locator("#states")).to_contain_text("1 waiting")
    expect(page.locator("#books")).to_contain_text("adds up")
    # Wait until the charts show data.
    expect(page.locator("#chart-line path.curve")).to_have_count(1)
    photographer.screen("operator-page", page)
    page.close()


TOUR: Sequence[Callable[[Photographer, Path], None]] = (
    first_order,
    demo,
    log_and_endings,
    report,
    panel,
    lists,
    form,
    group,
    waiting,
    operator_page,
)


@contextmanager
def sandbox(folder: Path) -> Generator[str]:
    """Run the real program and yield its address."""
    command = [sys.executable, "-m", "bot", "sandbox", "--no-browser", "--port", "0", "--speed", str(SPEED)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        found = re.search(r"http://localhost:\d+", first)
        assert found is not None, first
        try:
            yield found[0]
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=PATIENCE / 1000)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


@contextmanager
def open_photographer(folder: Path) -> Generator[Photographer]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("There is no chromium here; Debian's package has one: apt-get install chromium")
    expect.set_options(timeout=PATIENCE)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sandbox(folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(
            viewport={"width": 1000, "height": 1400}, reduced_motion="reduce", bypass_csp=True
        )
        page.set_default_timeout(PATIENCE)
        page.add_init_script(RECORDER)
        photographer = Photographer(page, folder)
        photographer.channel.open(address)
        page.add_style_tag(content=STYLE)
        try:
            yield photographer
        except Exception:
            page.screenshot(path=SCREENSHOTS / "where-it-stopped.png")
            raise
        finally:
            browser.close()


def take_tour(folder: Path) -> None:
    """Save the pictures of each step, so that a step that fails loses none of the earlier ones."""
    fill_history(folder / "var/sandbox.db")
    with open_photographer(folder) as photographer:
        for step in TOUR:
            step(photographer, folder / "var/samples")
            for name, content in photographer.taken.items():
                saved = save_demo(content) if name == "demo" else save_picture(name, content)
                sys.stdout.write(f"{name:<15}{saved}\n")
            photographer.taken.clear()


def main() -> int:
    with TemporaryDirectory() as folder:
        take_tour(Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
