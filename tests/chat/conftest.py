"""Fixtures: for each test, the whole bot on a simulated Discord."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from tests.chat.admin_harness import Server, here
from tests.clocks import HeldClock
from tests.harness import Stage, local_segmind, staged


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
