"""A server for each test, and a hand on its wire."""

import math
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from bot.models import FaceModel
from bot.registry import ModelRegistry, model_registry
from bot.sandbox.segmind import LocalSegmind, StampEngine
from tests.patience import PATIENCE
from tests.sandbox.segmind.wire import Clock, Wire

Start = Callable[..., Any]


@pytest.fixture(scope="session")
def models() -> ModelRegistry:
    return model_registry("cogs")


@pytest.fixture
def v5(models: ModelRegistry) -> type[FaceModel]:
    return models["faceswap-v5"]


@pytest.fixture
def v4(models: ModelRegistry) -> type[FaceModel]:
    return models["faceswap-v4"]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE)) as session:
        yield session


@pytest.fixture
async def start(models: ModelRegistry) -> AsyncIterator[Start]:
    """Starts servers that take no time at all, unless told otherwise."""
    async with AsyncExitStack() as stack:

        async def started(**terms: Any) -> LocalSegmind:
            terms = {"engine": StampEngine(), "speed": math.inf, **terms}
            return await stack.enter_async_context(LocalSegmind(models, **terms))

        yield started


@pytest.fixture
async def segmind(start: Start) -> LocalSegmind:
    return await start()


@pytest.fixture
def wire(segmind: LocalSegmind, session: aiohttp.ClientSession) -> Wire:
    return Wire(session, segmind.url)
