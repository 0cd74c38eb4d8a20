"""The pictures of the docs, taken in the sandbox: python -m tests.browser.pictures."""

import shutil
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Locator, Page, expect, sync_playwright

from bot.sandbox.welcome import SAMPLES
from tests.browser.channel import RECORDER, Channel
from tests.browser.conftest import ARGUMENTS, SCREENSHOTS, sandbox
from tests.browser.history import lived

DOCS = Path(__file__).parents[2] / "docs"
FACE, TARGET, CLIP = SAMPLES / "face_a.jpg", SAMPLES / "face_c.jpg", SAMPLES / "clip.mp4"
ADMINISTRATOR = "Ada (administrator)"
# A picture is an explanation, and is not to be waited for.
MOST_BYTES = 150 * 1000
# What stands in words alone has less than these, and is shown as well by those.
MANY_COLOURS, FEW_COLOURS = 5000, 256
# Milliseconds.
PATIENCE = 20_000
# What looks the same stays as it is, byte by byte: a duration may differ by a tenth.
SAME = 0.2
# Its charts have the time of day on them.
SAME_PAGE = 8.0

# The clock says the same on every day, a form is shown to its end, and a page that is busy does not look so.
STYLE = """
time.message-time { font-size: 0; }
time.message-time::before { content: "Today at 12:00"; font-size: 12px; }
.modal-dialog { max-height: none; }
button.component-button[aria-disabled="true"] { opacity: 1; }
"""


# Ids, fingerprints and times are others in every run, and nobody reads them here.
TIMELESS = """(message) => {
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
    // The page sets its own ones right, as time goes by.
    const still = document.createElement("span");
    still.className = time.className;
    still.textContent = `${7 + 9 * place} seconds ago`;
    time.replaceWith(still);
  }
  while (walk.nextNode()) {
    walk.currentNode.data = walk.currentNode.data
      .replace(/[0-9a-f]{20,}/g, (found) => other(found, "0123456789abcdef"))
      .replace(/\\d{17,}/g, (found) => other(found, "123456789"));
  }
}"""


# By itself and on whole pixels, as others that change meanwhile would push it out of the picture.
ALONE = """
article[data-message-id]:not([data-alone]) { display: none; }
article[data-alone] { position: fixed; top: 0; left: 0; width: 704px; z-index: 9999; background: #323339; }
"""


class Photographer:
    def __init__(self, page: Page, folder: Path) -> None:
        self.page = page
        self.channel = Channel(page, folder)
        self._folder = folder
        self.taken: dict[str, bytes] = {}

    def message(self, name: str, message: Locator) -> None:
        """One message, with whatever stands in it."""
        self.channel.look_at(message)
        message.evaluate(TIMELESS)
        message.evaluate("(message) => message.setAttribute('data-alone', '')")
        with self._styled(ALONE):
            self.channel.crop(message, name)
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
        """As much of a page as fits on the screen."""
        page.screenshot(path=self._folder / f"{name}.png")
        self._keep(name)

    def _keep(self, name: str) -> None:
        self.taken[name] = light((self._folder / f"{name}.png").read_bytes())


def light(content: bytes) -> bytes:
    """As few bytes as it can do with: photos keep their colours."""
    with Image.open(BytesIO(content)) as opened:
        shot = opened.convert("RGB")
    if shot.getcolors(MANY_COLOURS) is not None:
        shot = shot.quantize(FEW_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    out = BytesIO()
    shot.save(out, "PNG", optimize=True)
    return out.getvalue()


def put(name: str, content: bytes) -> str:
    path = DOCS / f"pictures/{name}.png"
    if len(content) > MOST_BYTES:
        raise SystemExit(
            f"{path.name} has {len(content):,} bytes, and more than {MOST_BYTES:,} are too many."
        )
    same = SAME_PAGE if name == "operator-page" else SAME
    if path.exists() and (apart := difference(path.read_bytes(), content)) < same:
        return f"as before ({apart:.2f})"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return f"{len(content):,} bytes"


def difference(one: bytes, other: bytes) -> float:
    """How far a pixel is from its like, of 255, on the average; two sizes have nothing in common."""
    with Image.open(BytesIO(one)) as first, Image.open(BytesIO(other)) as second:
        if first.size != second.size:
            return 255.0
        apart = ImageChops.difference(first.convert("RGB"), second.convert("RGB"))
        return sum(ImageStat.Stat(apart).mean) / 3


def ordered(by: Photographer, slug: str = "faceswap-v5", face: Path = FACE, **options: str) -> Locator:
    target = CLIP if slug == "ai-face-swap" else TARGET
    slot = "target" if slug == "ai-face-swap" else "target_image"
    by.channel.pick(slug, {"source_image": face, slot: target}, options)
    return by.channel.send()


def first_order(by: Photographer, faces: Path) -> None:
    """Consent is asked for once, after which the order goes on."""
    del faces
    asked = ordered(by, "faceswap-v4", swap_type="face")
    expect(asked).to_contain_text("Before the first use")
    by.message("consent", asked)
    asked.get_by_role("button", name="I agree").click()
    done = by.channel.messages.filter(has_text="Completed").first
    expect(done).to_be_visible()
    by.message("card", done)


def log_and_endings(by: Photographer, faces: Path) -> None:
    by.channel.become(ADMINISTRATOR)
    by.channel.pick("admin log", {}, {"channel": "faceswap"})
    by.page.locator(".command-suggestion", has_text="faceswap").first.click()
    expect(by.channel.send()).to_contain_text("logged")
    by.channel.become("Robin")
    logged = by.channel.messages.filter(has_text="target_image")
    for count, (name, file) in enumerate((("failed", "fail"), ("blocked", "blocked")), start=1):
        ended = ordered(by, face=faces / f"{file}.jpg")
        expect(ended).to_contain_text(name.capitalize())
        # A message that comes in while a command is picked closes the picker.
        expect(logged).to_have_count(count)
        by.message(name, ended)
    by.message("log", logged.last)


def report(by: Photographer, faces: Path) -> None:
    del faces
    by.channel.become(ADMINISTRATOR)
    done = by.channel.messages.filter(has=by.page.get_by_role("button", name="Report")).first
    done.get_by_role("button", name="Report").click()
    case = by.channel.messages.filter(has_text="Dismiss").last
    expect(case).to_be_visible()
    by.message("case", case)
    by.channel.become("Robin")


def lists(by: Photographer, faces: Path) -> None:
    del faces
    by.channel.pick("face save", {"picture": FACE}, {"name": "me"})
    expect(by.channel.send()).to_contain_text("is saved")
    by.channel.pick("face list", {})
    shown = by.channel.send()
    expect(shown).to_contain_text("Your faces")
    by.message("faces", shown)
    by.channel.pick("jobs", {})
    listed = by.channel.send()
    expect(listed).to_contain_text("Your jobs")
    by.message("jobs", listed)


def form(by: Photographer, faces: Path) -> None:
    del faces
    by.channel.pick("swap", {})
    by.page.locator("#send-message").click()
    dialog = by.page.locator("#modal-root [role=dialog]")
    expect(dialog).to_be_visible()
    by.form("swap", dialog)
    by.page.keyboard.press("Escape")


def waiting(by: Photographer, faces: Path) -> None:
    """Two may run at once, so the third one waits."""
    for _ in range(2):
        expect(ordered(by, "ai-face-swap", faces / "slow.jpg")).to_contain_text("Segmind")
    third = ordered(by)
    expect(third).to_contain_text("Waiting in line")
    by.message("waiting", third)


def operator_page(by: Photographer, faces: Path) -> None:
    """While the jobs of before wait and run."""
    del faces
    browser = by.page.context.browser
    assert browser is not None
    page = browser.new_page(viewport={"width": 1000, "height": 1180}, color_scheme="dark")
    page.goto(f"{by.page.url.partition('#')[0]}operator/")
    expect(page.locator("#states")).to_contain_text("1 waiting")
    expect(page.locator("#books")).to_contain_text("add up")
    # So many of them that the charts have something to show.
    expect(page.locator("#chart-line path.curve")).to_have_count(1)
    by.screen("operator-page", page)
    page.close()


TOUR: Sequence[Callable[[Photographer, Path], None]] = (
    first_order,
    log_and_endings,
    report,
    lists,
    form,
    waiting,
    operator_page,
)


@contextmanager
def photographer(folder: Path) -> Generator[Photographer]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("There is no chromium here; Debian's package has one: apt-get install chromium")
    expect.set_options(timeout=PATIENCE)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sandbox(folder, consent=True) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(
            viewport={"width": 1000, "height": 1400}, reduced_motion="reduce", bypass_csp=True
        )
        page.set_default_timeout(PATIENCE)
        page.add_init_script(RECORDER)
        by = Photographer(page, folder)
        by.channel.open(address)
        page.add_style_tag(content=STYLE)
        try:
            yield by
        except Exception:
            page.screenshot(path=SCREENSHOTS / "where-it-stopped.png")
            raise
        finally:
            browser.close()


def taken() -> Mapping[str, bytes]:
    with TemporaryDirectory() as folder:
        lived(Path(folder) / "var/sandbox.db")
        return _taken(Path(folder))


def _taken(folder: Path) -> Mapping[str, bytes]:
    with photographer(folder) as by:
        for part in TOUR:
            part(by, folder / "var/samples")
        return by.taken


def main() -> int:
    for name, content in taken().items():
        sys.stdout.write(f"{name:<15}{put(name, content)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
