"""`doppel check` reports what is configured, reachable and missing."""

import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.cli.check import check
from bot.cli.check.finding import Finding, table
from bot.clock import WallClock
from bot.jobs.supervision.learned_rate import LearnedRate, rate_name
from bot.registry import model_registry
from bot.sandbox.segmind import LocalSegmind, StampEngine
from bot.segmind.rate import KeyRate
from bot.settings import Settings
from bot.store import SqlStore
from tests.clocks import HeldClock
from tests.media.certificates import DAY, HOLDER, issue

MODELS = model_registry("cogs")
TOKEN = "the.right.token"
PUBLIC = web.AppKey("public", bool)


async def _me(request: web.Request) -> web.Response:
    if request.headers["Authorization"] == f"Bot {TOKEN}":
        public = request.app[PUBLIC]
        return web.json_response({"bot": {"id": "1", "username": "Doppel"}, "bot_public": public})
    return web.json_response({"message": "401: Unauthorized", "code": 0}, status=401)


@pytest.fixture(params=["private"])
async def discord(request: pytest.FixtureRequest) -> AsyncGenerator[str]:
    app = web.Application()
    app[PUBLIC] = request.param == "public"
    app.router.add_get("/api/v10/applications/@me", _me)
    async with TestServer(app) as server:
        yield str(server.make_url("/api/v10"))


@pytest.fixture
async def segmind() -> AsyncGenerator[LocalSegmind]:
    async with LocalSegmind(MODELS, engine=StampEngine(), key="the-right-key") as server:
        yield server


@pytest.fixture
def sections(discord: str, segmind: LocalSegmind, tmp_path: Path) -> dict[str, dict[str, Any]]:
    return {
        "discord": {"api": discord, "token": SecretStr(TOKEN)},
        "segmind": {"base_url": segmind.url, "key": SecretStr("the-right-key"), "retries": 0},
        "database": {"url": f"sqlite:///{tmp_path}/doppel.db"},
    }


async def found(
    sections: dict[str, dict[str, Any]], secrets: Path = Path("no/secrets.env")
) -> dict[str, Finding]:
    return {each.subject: each for each in await check(Settings.model_validate(sections), secrets)}


async def test_everything_is_reported_good(sections: dict[str, dict[str, Any]]) -> None:
    findings = await found(sections)
    others = {
        "Discord's token",
        "invitations",
        "Segmind's key",
        "database",
        "files",
        "spending",
        "saved faces",
        "reports",
        "signatures",
        "traces",
        "requests",
    }
    assert set(findings) == others | set(MODELS)
    assert all(each.good for each in findings.values())
    assert "Doppel" in findings["Discord's token"].words
    assert findings["invitations"].words == "only you can add the bot to servers"
    assert "$10.00 left" in findings["Segmind's key"].words
    assert "off: set DOPPEL_FACES__KEY" in findings["saved faces"].words
    assert "set discord.operators" in findings["reports"].words
    assert findings["spending"].words == "$25.00 a day at most, for all servers together"
    assert "50 a minute, as set" in findings["requests"].words
    told = await found(sections | {"discord": {**sections["discord"], "operators": (12,)}})
    assert "the operators get the reports" in told["reports"].words


async def test_the_rate_that_a_bot_has_learned_is_shown(sections: dict[str, dict[str, Any]]) -> None:
    settings, clock = Settings.model_validate(sections), WallClock()
    rate = KeyRate(50)
    rate.refused(clock.now(), accepted=0)
    async with SqlStore(settings.database.url.get_secret_value(), start=0, clock=clock) as store:
        await LearnedRate(rate, rate_name(settings.segmind.key), store, clock).refresh()
    finding = (await found(sections))["requests"]
    assert finding.good
    assert "25 a minute instead of 50, because Segmind rejected more at" in finding.words


@pytest.mark.parametrize(
    ("section", "key", "value", "subject", "said"),
    [
        ("discord", "token", None, "Discord's token", "set DISCORD_TOKEN"),
        ("discord", "token", SecretStr("a.wrong.token"), "Discord's token", "responded with 401"),
        ("discord", "api", "http://127.0.0.1:9/api/v10", "Discord's token", "cannot be reached"),
        ("segmind", "key", None, "Segmind's key", "set SEGMIND_API_KEY"),
        ("segmind", "key", SecretStr("a-wrong-key"), "Segmind's key", "API key"),
        ("segmind", "base_url", "http://127.0.0.1:9", "models", "could not be read"),
        ("database", "url", "postgresql+asyncpg://nobody@127.0.0.1:9/x", "database", "cannot be used"),
    ],
)
async def test_each_problem_is_named(
    sections: dict[str, dict[str, Any]], section: str, key: str, value: Any, subject: str, said: str
) -> None:
    sections[section][key] = value
    finding = (await found(sections))[subject]
    assert not finding.good
    assert said in finding.words


async def test_an_empty_balance_at_segmind_is_a_problem(
    sections: dict[str, dict[str, Any]], segmind: LocalSegmind
) -> None:
    segmind.balance = 0
    assert not (await found(sections))["Segmind's key"].good


async def test_a_database_in_use_by_a_running_bot_is_good(sections: dict[str, dict[str, Any]]) -> None:
    async with SqlStore(sections["database"]["url"], start=0, clock=HeldClock()):
        finding = (await found(sections))["database"]
    assert finding.good
    assert finding.words.endswith("in use by a running bot, and its ledger adds up")


async def test_a_model_that_segmind_changed_or_dropped_is_named(sections: dict[str, dict[str, Any]]) -> None:
    async def listed(_: web.Request) -> web.Response:
        names: dict[str, dict[str, Any]] = {
            slug: {each.name: {} for each in model.parameters()} for slug, model in MODELS.items()
        }
        names["faceswap-v5"].pop("seed")
        names["faceswap-v4"]["sharpness"] = {}
        names.pop("faceswap-comic")
        rows = [
            {
                "slug": slug,
                "is_depreciated": slug == "ai-face-swap",
                "parameters_schema": {"properties": schema},
            }
            for slug, schema in names.items()
        ]
        return web.json_response(rows)

    app = web.Application()
    app.router.add_get("/inference-model-information/list", listed)
    async with TestServer(app) as server:
        sections["segmind"]["base_url"] = str(server.make_url("")).rstrip("/")
        findings = await found(sections)
    assert "removed: seed" in findings["faceswap-v5"].words
    assert not findings["faceswap-v5"].good
    assert "new parameters: sharpness" in findings["faceswap-v4"].words
    assert findings["faceswap-v4"].good
    assert "not in Segmind's catalogue" in findings["faceswap-comic"].words
    assert "deprecated" in findings["ai-face-swap"].words


async def test_it_reports_the_signer_of_results_and_the_expiry(
    sections: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    assert (await found(sections))["signatures"].words.startswith("off: set c2pa.certificates")
    given = issue(end=20 * DAY)
    chain, key = given.write(tmp_path)
    sections["c2pa"] = {"certificates": str(chain), "key": str(key)}
    with capture_logs() as logs:
        finding = (await found(sections))["signatures"]
    assert finding.good
    assert finding.words == f"results are signed as {HOLDER}, until {given.until:%Y-%m-%d}"
    assert [log["event"] for log in logs] == ["signing certificate expires soon"]
    key.unlink()
    finding = (await found(sections))["signatures"]
    assert not finding.good
    assert finding.words == f"results cannot be signed: {key} cannot be read: No such file or directory."


async def test_it_reports_whether_jobs_are_traced(
    sections: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await found(sections))["traces"].words.startswith("off: set ops.traces")
    sections["ops"] = {"traces": True}
    finding = (await found(sections))["traces"]
    assert finding.good
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in finding.words
    monkeypatch.setitem(sys.modules, "bot.ops.tracing", None)
    finding = (await found(sections))["traces"]
    assert not finding.good
    assert "pip install 'doppel[otel]'" in finding.words


async def test_it_warns_when_nothing_bounds_the_spending_of_a_day(
    sections: dict[str, dict[str, Any]],
) -> None:
    sections["credits"] = {"operator_daily_usd": "none"}
    finding = (await found(sections))["spending"]
    assert finding.warns
    assert "set credits.operator_daily_usd" in finding.words


@pytest.mark.parametrize("discord", ["public"], indirect=True)
async def test_it_warns_when_anybody_can_add_the_bot(sections: dict[str, dict[str, Any]]) -> None:
    finding = (await found(sections))["invitations"]
    assert (finding.good, finding.mark) == (True, "!  ")
    assert "turn Public Bot off" in finding.words
    allowed = sections | {"discord": {**sections["discord"], "servers": (81384788765712384,)}}
    assert (await found(allowed))["invitations"].words == "the bot serves only 1 server"


async def test_it_warns_of_files_that_others_on_the_machine_can_read(
    sections: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    secrets, key = tmp_path / "secrets.env", tmp_path / "a key.pem"
    for file in (secrets, key):
        file.write_text("secret")
    sections["c2pa"] = {"key": str(key)}
    database = tmp_path / "doppel.db"
    for readable in ([], [secrets], [secrets, database, key]):
        for file in (secrets, database, key):
            file.touch()
            file.chmod(0o640 if file in readable else 0o600)
        finding = (await found(sections, secrets))["files"]
        assert finding.good
        assert finding.warns == bool(readable)
        assert all((str(file) in finding.words) == (file in readable) for file in (secrets, database, key))


def test_the_table_has_a_row_for_each_finding() -> None:
    rows = (
        Finding("a", True, "fine"),
        Finding("b", True, "odd", warns=True),
        Finding("longer", False, "missing"),
    )
    assert table(rows).splitlines() == ["ok  a       fine", "!   b       odd", "NO  longer  missing"]
