"""A local Segmind for each test, and a client for it."""

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
from tests.sandbox.segmind.client import ApiClient, Clock

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
    """Starts servers whose requests take no time by default."""
    async with AsyncExitStack() as stack:

        async def start(**options: Any) -> LocalSegmind:
            options = {"engine": StampEngine(), "speed": math.inf, **options}
            return await stack.enter_async_context(LocalSegmind(models, **options))

        yield start


@pytest.fixture
async def segmind(start: Start) -> LocalSegmind:
    return await start()


@pytest.fixture
def client(segmind: LocalSegmind, session: aiohttp.ClientSession) -> ApiClient:
    return ApiClient(session, segmind.url)
