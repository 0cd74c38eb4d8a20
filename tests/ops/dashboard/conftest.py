"""Fixtures of the dashboard's tests."""

import pytest

from tests.clocks import HeldClock


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(1_763_700_000.0)
