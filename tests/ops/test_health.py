"""Liveness and readiness over HTTP, of the whole bot and of its process."""

import asyncio
import re
import socket
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.__main__ import main
from bot.app import build_app
from bot.jobs.cluster import Cluster
from bot.jobs.ports import StoreUnavailable
from bot.ops.health import Health
from bot.ops.metrics import Metrics
from bot.ops.web import CannotListen, operator_server
from bot.settings import Settings
from tests.clocks import HeldClock
from tests.discord.environment import KEY, Environment
from tests.discord.faults import Limited
from tests.discord.program import Program, program
from tests.discord.server import SmallDiscord
from tests.discord.user import eventually
from tests.harness import Stage, local_segmind, settings_for
from tests.ops.conftest import ANY_PORT
from tests.ops.scrape import fetch, scrape, scrape_until
from tests.patience import PATIENCE


async def problems_at(address: str | None, path: str) -> dict[str, str]:
    """Problems in the answer, whose status has to fit."""
    status, media_type, told = await fetch(address, path)
    assert media_type == "application/json"
    assert (status, told["ok"]) == ((503, False) if told["wrong"] else (200, True))
    return told["wrong"]


async def until_well(address: str, path: str = "/readyz") -> None:
    async with asyncio.timeout(PATIENCE):
        while await problems_at(address, path):
            await asyncio.sleep(0.01)


async def until_unwell(address: str, path: str = "/readyz") -> dict[str, str]:
    async with asyncio.timeout(PATIENCE):
        while not (told := await problems_at(address, path)):
            await asyncio.sleep(0.01)
    return told


async def test_a_healthy_bot_is_alive_and_ready(stage: Stage) -> None:
    assert await problems_at(stage.app.served_at, "/healthz") == {}
    assert await problems_at(stage.app.served_at, "/readyz") == {}


async def test_an_unavailable_store_is_reported_without_the_drivers_message(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> None:
        raise StoreUnavailable("connection to a-host failed for user a-user")

    with monkeypatch.context() as broken:
        broken.setattr(stage.app.store, "ping", away)
        for path in ("/healthz", "/readyz"):
            assert await problems_at(stage.app.served_at, path) == {"database": "it cannot be used"}
    assert await problems_at(stage.app.served_at, "/healthz") == {}


async def test_a_bot_whose_database_cannot_be_written_to_is_not_ready(stage: Stage) -> None:
    stage.app.outage.report(StoreUnavailable("the disk is full"))
    assert list(await problems_at(stage.app.served_at, "/readyz")) == ["orders"]
    assert await problems_at(stage.app.served_at, "/healthz") == {}
    assert (await scrape(stage.app.served_at))("doppel_store_unavailable") == 1


class Stuck:
    """Store that does not answer until the test allows it."""

    def __init__(self) -> None:
        self.asked = 0
        self.free = asyncio.Event()

    async def ping(self) -> None:
        self.asked += 1
        await self.free.wait()

    def lease_left(self) -> float | None:
        return None

    def unreadable_jobs(self) -> int:
        return 0


async def test_a_job_that_cannot_be_read_makes_the_bot_unready(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.app.store, "unreadable_jobs", lambda: 2)
    assert await problems_at(stage.app.served_at, "/readyz") == {
        "jobs": "this version cannot read 2 of them, so no process runs them"
    }


async def test_checks_of_the_other_processes_that_keep_failing_make_the_bot_unready(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Cluster, "is_failing", True)
    assert list(await problems_at(stage.app.served_at, "/readyz")) == ["takeover"]


async def test_a_silent_store_is_pinged_once_and_times_out() -> None:
    store = Stuck()
    health = Health(store, timeout=0.01)
    async with operator_server(("127.0.0.1", 0), Metrics(), health) as address:
        told = [await problems_at(address, "/healthz") for _ in range(3)]
        assert told == [{"database": "it has not answered for 0.01 seconds"}] * 3
        assert store.asked == 1
        store.free.set()
        await asyncio.sleep(0)
        assert await problems_at(address, "/healthz") == {}
        assert list(await problems_at(address, "/readyz")) == ["start"]


async def test_a_port_that_is_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"^port {port} of ops.listen is in use: "):
            async with operator_server(("127.0.0.1", port), Metrics(), Health(Stuck())):
                pass
    with pytest.raises(CannotListen, match=r"^cannot listen on 192\.0\.2\.1, port 9100"):
        async with operator_server(("192.0.2.1", 9100), Metrics(), Health(Stuck())):
            pass


# Several processes


async def open_and_close(settings: Settings, clock: HeldClock) -> None:
    async with build_app(settings, clock=clock):
        pass


async def test_lease_and_workers_are_exported_and_a_standby_is_alive_but_not_ready(
    postgres_url: str, tmp_path: Path
) -> None:
    clock = HeldClock()
    sections = {
        "database": {"url": postgres_url, "lease": 30},
        "discord": {"shards": "any 2/2"},
        "ops": {"listen": ANY_PORT},
    }
    settings = settings_for("http://127.0.0.1:9", tmp_path / "unused.db", **sections)
    async with build_app(settings, clock=clock) as first:
        with capture_logs() as logs:
            second = asyncio.create_task(open_and_close(settings, clock))
            await eventually(lambda: "stands by" in str(logs), lambda: str(logs))
        address = next(each["address"] for each in logs if "address" in each)
        assert await problems_at(address, "/healthz") == {}
        assert await problems_at(address, "/readyz") == {"start": "the bot is still starting"}
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        seen = await scrape(first.served_at)
        assert seen("doppel_lease_remaining_seconds") == 30
        assert (seen("doppel_shards_assigned"), seen("doppel_shards_connected")) == (2, 0)
        assert await problems_at(first.served_at, "/readyz") == {"discord": "0 of 2 connections are up"}


# The process


@pytest.fixture
async def environment(tmp_path: Path) -> AsyncGenerator[Environment]:
    clock = HeldClock()
    async with local_segmind(clock, key=KEY) as segmind, SmallDiscord() as discord:
        yield Environment(discord, segmind, clock, tmp_path)
        assert discord.violations == []


async def served_address(bot: Program) -> str:
    await bot.wait_for_output("serving metrics and health")
    found = re.search(r"address='(http://127\.0\.0\.1:\d+)", bot.output)
    assert found is not None, bot.output
    return found[1]


async def test_a_bot_is_ready_only_while_it_is_connected_to_discord(environment: Environment) -> None:
    environment.discord.gateway.open = False
    async with environment.bot(DOPPEL_OPS__LISTEN=ANY_PORT) as bot:
        address = await served_address(bot)
        await eventually(lambda: environment.discord.gateway.rejected, lambda: "the bot knocks")
        assert await until_unwell(address) == {"discord": "0 of 1 connections are up"}
        assert await problems_at(address, "/healthz") == {}
        environment.discord.gateway.open = True
        await until_well(address)
        environment.discord.gateway.open = False
        environment.discord.gateway.cut()
        assert list(await until_unwell(address)) == ["discord"]
        # discord.py tries less and less often to connect, so the slow part comes last.
        listen = {"DOPPEL_OPS__LISTEN": address.removeprefix("http://")}
        async with environment.bot("health", **listen) as asking:
            assert await asking.end() == 0
        variables = environment.variables | listen
        async with program("health", "--ready", cwd=environment.folder, environment=variables) as asking:
            assert await asking.end() == 1
        assert "0 of 1 connections" in asking.output
        assert await bot.terminate() == 0


async def test_discord_responses_are_counted_and_a_second_bot_finds_the_port_in_use(
    environment: Environment,
) -> None:
    async with environment.bot(DOPPEL_OPS__LISTEN=ANY_PORT) as bot:
        address = await served_address(bot)
        await environment.discord.online()
        reply = await environment.order()
        await reply.wait_for("Queued")
        environment.discord.faults.next("edit", Limited(0.1), about=[reply.token, "Completed"])
        await environment.finish(reply)
        seen = await scrape_until(address, lambda found: found("doppel_deliveries_total") == 1)
        assert seen("doppel_discord_responses_total", request="respond", code="200") == 1
        # Queued, Processing, perhaps steps of the bar, and Completed twice: Discord rejected the first one.
        edits = len(environment.discord.calls("edit"))
        assert edits >= 4
        assert seen("doppel_discord_responses_total", request="edit", code="200") == edits - 1
        assert seen("doppel_discord_responses_total", request="edit", code="429") == 1
        assert seen("doppel_discord_recent_invalid_requests") == 1
        assert seen("doppel_shards_connected") == 1
        for hidden in (
            reply.token,
            environment.discord.token,
            KEY,
            str(environment.discord.guild.id),
            str(reply.id),
        ):
            assert hidden not in seen.text
        port = address.rpartition(":")[2]
        other = {
            "DOPPEL_OPS__LISTEN": f"127.0.0.1:{port}",
            "DATABASE_URL": f"sqlite:///{environment.folder}/b.db",
        }
        async with environment.bot(**other) as second:
            assert await second.end() == 1
        (told,) = [line for line in second.output.splitlines() if line.startswith("doppel: ")]
        assert told.startswith(f"doppel: port {port} of ops.listen is in use")
        assert "Traceback" not in second.output
        assert await bot.terminate() == 0


# The command


def test_health_explains_that_it_is_off_or_unreachable(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["health"]) == 1
    assert "set ops.listen" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # A bot that listens on every address is asked on the loopback one.
    monkeypatch.setenv("DOPPEL_OPS__LISTEN", f"0.0.0.0:{port}")
    assert main(["health"]) == 1
    assert f"no answer from 127.0.0.1, port {port}" in capsys.readouterr().out
