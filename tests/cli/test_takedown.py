"""`doppel takedown` next to a running bot."""

import asyncio
import re
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.clock import WallClock
from bot.store import SqlStore
from tests.samples import SAMPLES
from tests.store.orders import START, opened

PICTURE = SAMPLES / "face_a.jpg"


class Terminal:
    """The operator's terminal beside a database with one job."""

    def __init__(self, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.url = url
        self._capsys = capsys

        async def prepare() -> str:
            async with SqlStore(url, start=START, clock=WallClock()) as store:
                return (await opened(store)).id

        self.job = asyncio.run(prepare())

    def runs(self, *words: str) -> str:
        assert main(["takedown", *words]) == 0
        return self._capsys.readouterr().out

    def refuses(self, *words: str) -> str:
        assert main(["takedown", *words]) == 1
        return self._capsys.readouterr().err

    def adds(self, *words: str) -> str:
        person = ("--name", "A. Person\x1b[2J", "--contact", "a@example.org", "--statement", "My face")
        said = self.runs("add", *person, *words)
        (reference,) = re.findall(r"Request ([0-9A-Z-]+), due", said)
        return reference


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    url = f"sqlite:///{tmp_path}/doppel.db"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    return Terminal(url, capsys)


def test_a_request_by_mail_is_entered_shown_and_granted(terminal: Terminal) -> None:
    assert "No requests are waiting" in terminal.runs("list")
    reference = terminal.adds("--file", str(PICTURE))
    assert f"{reference}  due 20" in terminal.runs("list")
    shown = terminal.runs("show", reference.lower().replace("-", " "))
    assert "a@example.org" in shown
    assert "\x1b" not in shown
    assert "0 matching job(s)" in shown
    assert "there is no job none" in terminal.refuses("remove", reference, "--job", "none")
    assert "1 job(s) are withheld" in terminal.runs("remove", reference, "--job", terminal.job)
    assert "already been decided" in terminal.refuses("remove", reference)
    assert terminal.job in terminal.runs("show", reference)

    async def outcome() -> tuple[bool, int, list[str]]:
        async with SqlStore(terminal.url, start=START, clock=WallClock()) as store:
            is_taken_down = await store.moderation.is_taken_down(terminal.job)
            swept = await store.takedowns.to_sweep(WallClock().now())
            listed = await store.moderation.find_banned([], None)
            return is_taken_down, len(listed.dhashes), [each.reference for each in swept]

    is_taken_down, looks, swept = asyncio.run(outcome())
    assert (is_taken_down, looks, swept) == (True, 1, [reference])
    # The ban goes, if it was a mistake.
    assert main(["forgive", reference]) == 0


def test_a_request_is_declined_and_mistakes_are_explained(terminal: Terminal, tmp_path: Path) -> None:
    reference = terminal.adds("--job", terminal.job)
    assert "1 matching job(s)" in terminal.runs("show", reference)
    assert "Declined" in terminal.runs("decline", reference)
    assert "already been decided" in terminal.refuses("decline", reference)
    assert "no such request" in terminal.refuses("show", "AAAA-BBBB-CCCC-DDDD")
    person = ("add", "--name", "A", "--contact", "a@example.org", "--statement", "My face")
    assert "give --file, --link or --job" in terminal.refuses(*person)
    broken = tmp_path / "broken.png"
    assert "cannot read" in terminal.refuses(*person, "--file", str(broken))
    broken.write_bytes(b"broken")
    assert "not a picture or video" in terminal.refuses(*person, "--file", str(broken))
