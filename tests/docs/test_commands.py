"""Runs every command of the pages, and checks those that need a machine or a network.

Each block runs in bash, one page on one machine (`terminal.py`). Fake programs record their calls, and
`checks.py` checks each call; a program that is neither real nor fake fails with "command not found". Then the
real program runs the commands of `doppel` that need no running bot.
"""

import asyncio
import re
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bot.__main__ import main
from bot.clock import WallClock
from bot.jobs.job import State
from bot.settings import load
from bot.store import SqlStore
from bot.store.backup import back_up, restore
from tests.docs.checks import CHECKS, DOPPEL, MAKE, UNIT, of_compose, of_service, understood
from tests.docs.pages import BLOCKS, PAGES, ROOT, page
from tests.docs.terminal import Call, Terminal
from tests.store.orders import START, TERMS, opened, order, through

WITH_COMMANDS = sorted({block.page for block in BLOCKS if block.language == "sh"} - {"docs/local-segmind.md"})
# Pages for machines that are set up already.
LATER = {"docs/upgrading.md", "docs/run.md", "docs/incidents.md", "docs/takedowns.md"}


def set_up(folder: Path) -> Terminal:
    """Return a machine on which the bot was installed under systemd."""
    terminal, install = Terminal(folder), page("docs/install.md")
    for block in install.blocks:
        if block.language == "sh" and block.text in install.section("systemd"):
            terminal.type(block)
    return terminal


@cache
def calls_of(name: str) -> list[Call]:
    """Run all commands of a page and return the recorded calls."""
    with TemporaryDirectory() as folder:
        terminal = set_up(Path(folder)) if name in LATER else Terminal(Path(folder))
        for block in PAGES[name].blocks:
            if block.language == "sh":
                terminal.type(block)
        return terminal.calls()


@pytest.mark.parametrize("name", WITH_COMMANDS)
def test_every_command_of_a_page_can_be_typed(name: str) -> None:
    for call in calls_of(name):
        CHECKS[call.name](call)


def test_the_commands_for_systemd_leave_a_machine_that_can_run_it(tmp_path: Path) -> None:
    machine = set_up(tmp_path).machine
    environment = machine / "etc/doppel/environment"
    assert environment.stat().st_mode & 0o777 == 0o600
    given = dict(re.findall(r"(?m)^(\w+)=(.*)$", environment.read_text()))
    settings = load(machine / "etc/doppel/doppel.toml", given)
    assert settings.discord.token is not None
    assert settings.ops.address == ("127.0.0.1", 9100)
    assert (machine / "etc/systemd/system/doppel.service").read_text() == UNIT
    # The earlier commands created everything that the unit starts.
    for path in re.findall(r"(?m)(?:^WorkingDirectory=| )(/opt/\S+)", UNIT):
        assert (machine / path[1:]).exists(), path


def test_the_nightly_backup_is_a_line_of_cron(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    for block in page("docs/run.md").blocks:
        if "cron.d" in block.text:
            terminal.type(block)
    line = (terminal.machine / "etc/cron.d/doppel").read_text()
    *when, who, command = line.split(maxsplit=6)[:7]
    assert len(when) == 5
    assert who == "root"
    assert "\\%u" in command or "\\%u" in line


@pytest.mark.parametrize("command", ["run", "check", *sorted(DOPPEL.keys() - {"run", "check"})])
def test_other_tests_run_the_commands_that_are_listed_for_them(command: str) -> None:
    assert command in (ROOT / DOPPEL[command]).read_text()


def test_every_make_target_of_the_pages_exists() -> None:
    targets = re.findall(r"(?m)^([a-z-]+):.*##", (ROOT / "Makefile").read_text())
    asked = {words[1] for block in BLOCKS for words in _makes(block.text)}
    asked |= {words[1] for each in PAGES.values() for word in each.words for words in _makes(word)}
    assert asked <= MAKE.keys() & {*targets}
    for path in MAKE.values():
        assert (ROOT / path).exists(), path
    done = subprocess.run(
        ["make", "--dry-run", *sorted(asked)], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_commands_within_a_sentence_are_commands_too() -> None:
    for each in PAGES.values():
        for word in each.words:
            found = re.match(r"(?:sudo |\.venv/bin/)?doppel ([a-z]+)( .*)?$", word)
            if found:
                assert found[1] in {*DOPPEL, "credits", "backup", "restore"}, f"{each.name}: {word}"
            # A command without arguments names the command in general.
            if found and found[2]:
                understood(word[found.start(1) :].split())
            if word.startswith(".venv/bin/"):
                assert (ROOT / word.split()[0]).exists(), f"{each.name}: {word}"


async def test_every_doppel_command_that_needs_only_a_database_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {words for words in _asked_of_doppel() if words[0] not in DOPPEL}
    assert {words[0] for words in asked} == {"credits", "backup", "restore"}
    url = f"sqlite:///{tmp_path}/doppel.db"
    async with SqlStore(url, start=START, clock=WallClock()) as store:
        await opened(store)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    # A backup has to exist before its restore.
    for words in sorted(asked):
        here = [re.sub(r"^(/var/lib/doppel|/data)/", "", word) for word in words]
        if words[0] == "backup":
            (tmp_path / here[1]).unlink(missing_ok=True)
        # `main` runs its own event loop.
        assert await asyncio.to_thread(main, here) == 0, words


async def test_a_restore_of_postgres_by_hand_equals_a_restore_of_sqlite(
    tmp_path: Path,
) -> None:
    (update,) = re.findall(r'--command="(UPDATE [^"]+)"', page("docs/scale.md").text)
    url = f"sqlite:///{tmp_path}/doppel.db"
    async with SqlStore(url, start=START, clock=WallClock()) as store:
        await opened(store)
        sent = order()
        await store.open(sent, TERMS)
        await through(store, sent, State.SUBMITTING, State.SUBMITTED)
    back_up(url, tmp_path / "copy.db", now=datetime(2026, 5, 31, tzinfo=UTC))
    with closing(sqlite3.connect(tmp_path / "doppel.db")) as database, database:
        database.execute(update)
        by_hand = database.execute("SELECT id, state, submitted_at FROM jobs ORDER BY id").fetchall()
    restore(url, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "doppel.db")) as database:
        assert database.execute("SELECT id, state, submitted_at FROM jobs ORDER BY id").fetchall() == by_hand


def _asked_of_doppel() -> set[tuple[str, ...]]:
    asked: set[tuple[str, ...]] = set()
    for name in WITH_COMMANDS:
        for call in calls_of(name):
            match call:
                case Call("systemd-run", words):
                    asked.add(of_service(words))
                case Call("docker", ("compose", *words)):
                    _, command, rest = of_compose(words)
                    service, *inside = [word for word in rest if not word.startswith("-")] or [""]
                    if command in {"exec", "run"} and service != "postgres":
                        asked.add(tuple(inside[1:] if inside[0] == "doppel" else inside))
                case Call("doppel-of-venv" | "doppel", words):
                    asked.add(words)
                case _:
                    pass
    return asked


def _makes(text: str) -> list[tuple[str, str]]:
    return [("make", target) for target in re.findall(r"(?m)^make ([a-z-]+)", text)]
