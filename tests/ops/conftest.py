"""The whole bot with its operator server running."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from tests.clocks import HeldClock
from tests.harness import Stage, local_segmind, staged

ANY_PORT = "127.0.0.1:0"


@pytest.fixture
async def stage(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncGenerator[Stage]:
    """`@pytest.mark.stage(jobs={…})` changes settings for one test."""
    marker = request.node.get_closest_marker("stage")
    sections: dict[str, dict[str, Any]] = {"ops": {"listen": ANY_PORT}} | (marker.kwargs if marker else {})
    clock = HeldClock()
    async with (
        local_segmind(clock) as segmind,
        staged(tmp_path / "doppel.db", segmind, clock, **sections) as stage,
    ):
        yield stage
