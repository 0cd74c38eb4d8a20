"""Orders in preparation: few at a time, few files in memory, and none read for nothing."""

import asyncio
import sqlite3
from contextlib import closing

import discord
import pytest

from bot.chat.orders.attachments import LARGE_PLACES, SMALL_ORDERS, FileSpace
from tests.harness import Stage, eventually
from tests.media import files

MIB = 2**20


class Entering:
    """An order of a member that takes its places as soon as it can, and leaves when it is told."""

    def __init__(self, space: FileSpace, member_id: int, *sizes: int) -> None:
        self.is_inside = False
        self._leave = asyncio.Event()
        self.task = asyncio.create_task(self._enter(space, member_id, sizes))

    async def _enter(self, space: FileSpace, member_id: int, sizes: tuple[int, ...]) -> None:
        async with space.reserved(member_id, sizes):
            self.is_inside = True
            await self._leave.wait()

    async def leave(self) -> None:
        self._leave.set()
        await self.task


async def inside(*orders: Entering) -> list[bool]:
    """Say of each order whether it has its places, once all have had many chances to take them."""
    for _ in range(50):
        await asyncio.sleep(0)
    return [order.is_inside for order in orders]


async def test_small_orders_in_memory_are_bounded_by_number() -> None:
    space = FileSpace()
    orders = [Entering(space, member, MIB, MIB) for member in range(SMALL_ORDERS + 1)]
    assert await inside(*orders) == [True] * SMALL_ORDERS + [False]
    for order in orders:
        await order.leave()


async def test_large_orders_in_memory_are_bounded_by_size() -> None:
    space = FileSpace()
    first, huge, later = (
        Entering(space, 1, 20 * MIB),
        Entering(space, 2, 100 * MIB),
        Entering(space, 3, 9 * MIB),
    )
    # The huge one waits until it is alone, and whoever came after it waits for it.
    assert await inside(first, huge, later) == [True, False, False]
    await first.leave()
    assert await inside(huge, later) == [True, False]
    await huge.leave()
    assert await inside(later) == [True]
    await later.leave()


async def test_a_small_order_waits_for_no_large_one() -> None:
    space = FileSpace()
    large = [Entering(space, member, 100 * MIB) for member in range(3)]
    small = Entering(space, 7, MIB)
    assert await inside(*large, small) == [True, False, False, True]
    for order in (small, *large):
        await order.leave()


async def test_the_files_of_a_member_go_one_order_after_the_other() -> None:
    space = FileSpace()
    orders = [Entering(space, 1, MIB), Entering(space, 1, MIB), Entering(space, 2, MIB)]
    assert await inside(*orders) == [True, False, True]
    for order in orders:
        await order.leave()


async def test_orders_that_were_cancelled_while_they_waited_take_no_place() -> None:
    space = FileSpace()
    first, waiting = Entering(space, 1, 20 * MIB), Entering(space, 2, 100 * MIB)
    assert await inside(first, waiting) == [True, False]
    waiting.task.cancel()
    await asyncio.wait({waiting.task})
    await first.leave()
    async with asyncio.timeout(5), space.reserved(2, [LARGE_PLACES * 32 * MIB]):
        pass


class SlowDiscord:
    """Attachments that arrive when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reading = self.most = 0
        self.arrive = asyncio.Event()
        read = discord.Attachment.read

        async def slow_read(attachment: discord.Attachment, **options: bool) -> bytes:
            self.reading += 1
            self.most = max(self.most, self.reading)
            await self.arrive.wait()
            self.reading -= 1
            return await read(attachment, **options)

        monkeypatch.setattr(discord.Attachment, "read", slow_read)


@pytest.mark.stage(jobs={"per_member": 4})
async def test_a_member_has_one_order_in_preparation(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = SlowDiscord(monkeypatch)
    replies = [await stage.order("faceswap-v5") for _ in range(3)]
    other = await stage.order_as(stage.another_member("bob"), "faceswap-v5")
    await eventually(lambda: slow.reading == 2 or None, lambda: f"{slow.reading} files are read")
    slow.arrive.set()
    for reply in (*replies, other):
        await reply.says("Queued")
    assert slow.most == 2


@pytest.mark.stage(credits={"start": 0})
async def test_no_file_is_read_for_an_order_that_nobody_can_pay(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowDiscord(monkeypatch)
    slow.arrive.set()
    reply = await stage.order("ai-face-swap", target=("clip.mp4", files.video(frames=12, rate=12)))
    await reply.refused("but have 0")
    assert slow.most == 0


@pytest.mark.stage(jobs={"waiting_per_member": 2, "per_member": 1})
async def test_orders_in_preparation_count_as_waiting(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = SlowDiscord(monkeypatch)
    replies = [await stage.order("faceswap-v5") for _ in range(6)]
    await eventually(lambda: slow.reading == 1 or None, lambda: f"{slow.reading} files are read")
    slow.arrive.set()

    def shown() -> list[str]:
        words = ("Queued", "Waiting in line")
        return sorted(word for reply in replies[:2] for word in words if word in reply.text)

    # Either may be first, because both files arrive at once.
    await eventually(lambda: shown() == ["Queued", "Waiting in line"] or None, lambda: f"{shown()}")
    with closing(sqlite3.connect(stage.database)) as database:
        ((count,),) = database.execute("SELECT count(*) FROM jobs").fetchall()
    assert count == 2
