"""`doppel credits` checks the ledger, reports and grants next to a running bot."""

import argparse
import asyncio
import csv
import io
import json
import sqlite3
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import SecretStr

from bot.__main__ import main
from bot.cli.credits import run
from bot.cli.credits_options import add_subcommands
from bot.clock import WallClock
from bot.ledger.ledger import AuditEntry
from bot.settings import Settings
from bot.store import SqlStore
from tests.store.orders import LIFE, START, TERMS, opened, order, through

IN_ORDER = "The ledger adds up: 1 account, 7 entries and 3 jobs checked."


@asynccontextmanager
async def bot(url: str) -> AsyncGenerator[SqlStore]:
    """Three jobs: one at half the price's worth, one that was given back, one that is open."""
    async with SqlStore(url, start=START, clock=WallClock()) as store:
        for slug in ("faceswap-v5", "faceswap-v4"):
            job = replace(order(price=10, created_at=WallClock().now()), slug=slug)
            await store.open(job, TERMS)
            await through(store, job, *LIFE)
        await store.adjust("1:2", 10, "sorry", AuditEntry("9", "refund"), job_id=job.id)
        await opened(store)
        yield store


@contextmanager
def running(url: str) -> Generator[None]:
    """A bot in a thread of its own, as `main` has an event loop of its own."""
    ready, done = threading.Event(), threading.Event()

    async def live() -> None:
        async with bot(url):
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=asyncio.run, args=(live(),))
    thread.start()
    try:
        assert ready.wait(20)
        yield
    finally:
        done.set()
        thread.join()


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/doppel.db")
    with running(f"sqlite:///{tmp_path}/doppel.db"):
        yield tmp_path / "doppel.db"


def credits_(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["credits", *arguments]) == code
    said = capsys.readouterr()
    return said.out + said.err


@pytest.mark.usefixtures("database")
def test_a_ledger_without_discrepancies_prints_what_was_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert credits_(capsys, "audit") == f"{IN_ORDER}\n"


def test_each_difference_is_a_sentence_and_the_exit_code_is_1(
    capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    with closing(sqlite3.connect(database)) as forger, forger:
        forger.execute("UPDATE accounts SET held = 6, granted = granted + 1")
    assert credits_(capsys, "audit", code=1).splitlines() == [
        "account 1:2 has 6 held, but its open jobs hold 5.",
        f"account 1:2 has {START - 14} granted, but its entries add up to {START - 15}.",
    ]


@pytest.mark.usefixtures("database")
def test_the_table_compares_credits_with_costs(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line.split() for line in credits_(capsys, "report").splitlines()]
    assert ["faceswap-v5", "1", "10", "0", "$0.10", "$0.05", "$0.05", "49%", "0"] in lines
    assert ["faceswap-v4", "1", "10", "10", "$0.00", "$0.05", "-$0.05", "0"] in lines
    assert lines[-1] == ["2", "20", "10", "$0.10", "$0.10", "$0.00", "-2%", "0"]


@pytest.mark.usefixtures("database")
def test_csv_and_json_have_the_same_figures(capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(credits_(capsys, "report", "--format", "csv"))))
    told = json.loads(credits_(capsys, "report", "--format", "json", "--days", "2"))
    assert [(row["model"], row["server"], row["charged"], row["cost_usd"]) for row in rows] == [
        ("faceswap-v4", "1", "10", "0.0512"),
        ("faceswap-v5", "1", "10", "0.0512"),
    ]
    assert told["total"] == {
        "jobs": 2,
        "charged": 20,
        "given_back": 10,
        "worth_usd": 0.1,
        "cost_usd": 0.1024,
        "presumed_usd": 0.0,
        "margin_usd": -0.0024,
        "cost_unknown": 0,
        "turned_up_late": 0,
    }
    assert set(told["models"]) == {"faceswap-v4", "faceswap-v5"}
    assert set(told["servers"]) == {"1"}
    assert told["since"] < told["until"]


@pytest.mark.usefixtures("database")
def test_a_report_of_another_server_or_of_nothing_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert credits_(capsys, "report", "--server", "7").splitlines()[-1].split()[0] == "0"
    header, *rows = credits_(capsys, "report", "--server", "7", "--format", "csv").splitlines()
    assert header.startswith("day,server,model,jobs,charged")
    assert rows == []


@pytest.mark.usefixtures("database")
def test_the_chart_is_drawn_beside_the_report(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    credits_(capsys, "report", "--chart", "spent.png")
    with Image.open(tmp_path / "spent.png") as picture:
        assert picture.format == "PNG"
    said = credits_(capsys, "report", "--chart", "no/such/folder.png", code=1)
    assert said == "doppel: no/such/folder.png cannot be written: No such file or directory.\n"


@pytest.mark.usefixtures("database")
def test_an_operator_grants_while_the_bot_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert "7 has 50 granted credits in server 1" in credits_(capsys, "grant", "1", "7", "50", "--why", "fun")
    assert "7 has 8 granted credits in direct messages" in credits_(capsys, "grant", "direct", "7", "8")
    assert credits_(capsys, "audit").startswith("The ledger adds up: 3 accounts")


def test_a_grant_is_kept_with_who_and_why(capsys: pytest.CaptureFixture[str], database: Path) -> None:
    credits_(capsys, "grant", "1", "7", "50", "--why", "fun")
    with closing(sqlite3.connect(database)) as reader:
        (entry,) = reader.execute("SELECT kind, amount, actor, why FROM entries WHERE account = '1:7'")
        (audit_entry,) = reader.execute("SELECT guild_id, actor, facts FROM deeds WHERE deed = 'grant'")
    assert entry == ("grant", 50, "operator", "fun")
    assert (audit_entry[:2], json.loads(audit_entry[2])["member"]) == ((1, "operator"), 7)


@pytest.mark.parametrize(
    "arguments",
    [
        ["grant", "1", "7", "0"],
        ["grant", "1", "7", "-5"],
        ["grant", "1", "7", "1.5"],
        ["grant", "somewhere", "7", "5"],
        ["grant", "1", "0", "5"],
        ["grant", "1", "٣", "5"],
        ["report", "--days", "0"],
        ["report", "--days", "99999999"],
        ["report", "--format", "xml"],
        [],
    ],
)
def test_invalid_arguments_are_rejected(
    capsys: pytest.CaptureFixture[str], arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["credits", *arguments])
    assert ended.value.code == 2
    assert "usage: doppel credits" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["audit"], ["report"], ["grant", "1", "7", "5"]])
def test_a_missing_database_is_not_created(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/doppel.db")
    assert "there is no file" in credits_(capsys, *arguments, code=1)
    assert list(tmp_path.iterdir()) == []


async def test_all_actions_work_on_postgres(postgres_url: str) -> None:
    settings = Settings.model_validate({"database": {"url": SecretStr(postgres_url)}})
    parser = argparse.ArgumentParser()
    add_subcommands(parser)

    async def said(*arguments: str) -> Any:
        options = parser.parse_args(arguments)
        return (await run(options, settings, WallClock())).words

    async with bot(postgres_url):
        assert await said("audit") == IN_ORDER
        assert "faceswap-v4" in await said("report")
        assert "50 granted credits" in await said("grant", "1", "7", "50")
        assert "2 accounts" in await said("audit")
