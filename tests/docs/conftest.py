"""The whole bot, for pages that describe it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.clocks import HeldClock
from tests.harness import Stage, local_segmind, staged


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncGenerator[Stage]:
    clock = HeldClock()
    async with (
        local_segmind(clock) as segmind,
        staged(tmp_path / "doppel.db", segmind, clock, ops={"listen": "127.0.0.1:0"}) as stage,
    ):
        yield stage
