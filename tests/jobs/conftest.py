"""Fixtures of the job engine's tests."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.registry import model_registry
from bot.sandbox.segmind import LocalSegmind, StampEngine

MODELS = model_registry("cogs")


@pytest.fixture
async def segmind() -> AsyncGenerator[LocalSegmind]:
    async with LocalSegmind(MODELS, engine=StampEngine(), speed=200) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    return request.getfixturevalue("postgres_url") if request.param == "postgres" else tmp_path / "jobs.db"
