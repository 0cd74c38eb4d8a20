"""Fixtures of the job engine's tests."""

from collections.abc import AsyncGenerator

import pytest

from bot.registry import model_registry
from bot.sandbox.segmind import LocalSegmind, StampEngine

MODELS = model_registry("cogs")


@pytest.fixture
async def segmind() -> AsyncGenerator[LocalSegmind]:
    async with LocalSegmind(MODELS, engine=StampEngine(), speed=200) as server:
        yield server
