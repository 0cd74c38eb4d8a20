"""Fixtures: a database of each kind for the commands that run next to a bot."""

from pathlib import Path

import pytest

from bot.settings import Settings


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/doppel.db"
    return request.getfixturevalue("postgres_url")


def settings_of(url: str) -> Settings:
    return Settings.model_validate({"database": {"url": url}})
