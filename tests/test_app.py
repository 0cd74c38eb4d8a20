"""A bot that ends by itself."""

from pathlib import Path

import pytest

from bot.app import build_app
from bot.store import ShardsLost
from tests.clocks import HeldClock
from tests.harness import eventually, settings_for
from tests.postgres import connected

LEASE = 30


async def test_a_process_whose_shards_another_one_took_ends_once_and_with_the_reason(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, saves = HeldClock(), list[None]()

    async def save() -> None:
        saves.append(None)

    sections = {"database": {"url": postgres_url, "lease": LEASE}, "discord": {"shards": "any 2/2"}}
    settings = settings_for("http://127.0.0.1:9", tmp_path / "unused.db", **sections)
    async with build_app(settings, clock=clock) as app, app.running() as supervision:
        monkeypatch.setattr(app.engine.learned_timings, "save", save)
        async with connected(postgres_url) as connection:
            await connection.exec_driver_sql("UPDATE shards SET owner = 'another process'")

        def has_ended() -> bool:
            # The check that runs may have read the shards before they were taken.
            clock.move(LEASE)
            return supervision.done()

        await eventually(has_ended, lambda: "the process ends")
        with pytest.raises(ShardsLost):
            await supervision
        assert not saves
    assert len(saves) == 1
