"""Fixtures: for each test, the whole bot on a simulated Discord."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.chat.admin_harness import Server, here
from tests.clocks import HeldClock
from tests.harness import (
    Stage,
    build_staged,
    empty_database,
    local_segmind,
    settings_for,
    simulated_discord,
    staged,
)


@pytest.fixture
async def stage(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncGenerator[Stage]:
    """`@pytest.mark.stage(jobs={…})` changes settings for one test, `face_detector=…` gives it a detector."""
    marker = request.node.get_closest_marker("stage")
    sections: dict[str, Any] = dict(marker.kwargs) if marker else {}
    face_detector = sections.pop("face_detector", None)
    clock = HeldClock()
    async with (
        local_segmind(clock) as segmind,
        staged(tmp_path / "doppel.db", segmind, clock, face_detector, **sections) as stage,
    ):
        yield stage


@pytest.fixture
async def server(stage: Stage) -> Server:
    return here(stage)


@dataclass
class House:
    """A server whose bot can be started anew, on the same database and in the same Discord."""

    server: Server
    settings: Any
    running: AsyncExitStack

    async def restart(self) -> None:
        """Stop the bot, drop its unfinished work, and start it again."""
        await self.running.aclose()
        app = await self.running.enter_async_context(build_staged(self.settings))
        await self.server.stage.env.restart_bot(app.client)
        with self.server.stage.env.time_context():
            await self.running.enter_async_context(app.running())
        self.server.stage.app = app


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House]:
    clock, database = HeldClock(), tmp_path / "doppel.db"
    database.write_bytes(await empty_database())
    async with local_segmind(clock) as segmind, AsyncExitStack() as running:
        settings = settings_for(segmind.url, database)
        app = await running.enter_async_context(build_staged(settings))
        env = await simulated_discord(app)
        with env.time_context():
            await running.enter_async_context(app.running())
        guild = env.create_guild("Testers")
        channel = guild.create_text_channel("swaps")
        member = guild.add_member(env.create_user("alice"))
        stage = Stage(env, app, segmind, clock, database, guild, channel, member)
        try:
            yield House(here(stage), settings, running)
        finally:
            await env.shutdown()
