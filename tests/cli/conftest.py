"""Fixtures: everything that a bot needs to run, and a database of each kind for the commands beside it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.settings import Settings
from tests.clocks import HeldClock
from tests.discord.environment import KEY, Environment
from tests.discord.server import SmallDiscord
from tests.harness import empty_database, local_segmind


@pytest.fixture
async def environment(tmp_path: Path) -> AsyncGenerator[Environment]:
    clock = HeldClock()
    async with local_segmind(clock, key=KEY) as segmind, SmallDiscord() as discord:
        environment = Environment(discord, segmind, clock, tmp_path)
        environment.database.write_bytes(await empty_database())
        yield environment
        assert discord.violations == []


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/doppel.db"
    return request.getfixturevalue("postgres_url")


def settings_of(url: str) -> Settings:
    return Settings.model_validate({"database": {"url": url}})
