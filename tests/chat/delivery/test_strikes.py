"""A blocked order counts itself, and says what follows."""

import pytest

from tests.harness import Stage


async def order_blocked(stage: Stage) -> str:
    stage.segmind.faults.next("submit", "blocked=RAI")
    reply = await stage.order("faceswap-v5")
    words = await stage.finish(reply, "Blocked")
    await stage.wait_until_told(reply)
    return words


async def test_a_blocked_order_counts_itself_until_its_member_has_to_pause(stage: Stage) -> None:
    for number in (1, 2):
        words = await order_blocked(stage)
        assert f"Blocked order **{number} of 3** within 7 days" in words
        assert "you have to pause for 24 h" in words
    words = await order_blocked(stage)
    assert "**3 of 3**" in words
    assert "You can order again <t:" in words
    await (await stage.order("faceswap-v5")).refused("You can order again")


@pytest.mark.stage(safety={"strikes": 0, "explicit": "off"})
async def test_nothing_is_counted_where_nobody_has_to_pause(stage: Stage) -> None:
    assert "Blocked order" not in await order_blocked(stage)


async def test_only_orders_of_the_last_days_count(stage: Stage) -> None:
    await order_blocked(stage)
    await stage.execute("UPDATE jobs SET settled_at = settled_at - ?", 8 * 24 * 3600)
    assert "**1 of 3**" in await order_blocked(stage)
