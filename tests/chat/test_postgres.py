"""The whole bot on Postgres, with no other setting than the address."""

from pathlib import Path

from tests.clocks import HeldClock
from tests.harness import local_segmind, staged


async def test_a_job_runs_from_the_slash_to_the_picture_on_postgres(
    tmp_path: Path, postgres_url: str
) -> None:
    clock = HeldClock()
    async with (
        local_segmind(clock) as segmind,
        staged(tmp_path / "unused.db", segmind, clock, database={"url": postgres_url}) as stage,
    ):
        reply = await stage.order("faceswap-v5")
        await stage.finish(reply, "Completed")
        balance = await stage.app.store.balance(stage.account)
        assert (balance.free, balance.held) == (95, 0)
        assert await stage.app.store.discrepancies() == []
    assert not (tmp_path / "unused.db").exists()
