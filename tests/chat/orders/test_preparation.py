"""Orders in preparation: few at a time, few files in memory, and none read for nothing."""

import asyncio
import sqlite3
from contextlib import AsyncExitStack, closing

import discord
import pytest

from bot.chat.orders.attachments import MAX_FILES, FileSpace
from bot.chat.orders.preparation import MAX_PREPARING
from tests.harness import Stage, eventually
from tests.media import files

MIB = 2**20


async def entered(space: FileSpace, sizes: list[int]) -> tuple[asyncio.Task[None], asyncio.Event]:
    """An order that takes its places as soon as it can, and leaves when its event is set."""
    leave = asyncio.Event()

    async def order() -> None:
        async with space.reserved(sizes):
            await leave.wait()

    task = asyncio.create_task(order())
    await asyncio.sleep(0)
    return task, leave


async def test_files_in_memory_are_bounded_by_number_and_by_size() -> None:
    space = FileSpace()
    async with AsyncExitStack() as stack:
        for _ in range(MAX_FILES // 2):
            await stack.enter_async_context(space.reserved([MIB, MIB]))
        waiting, leave = await entered(space, [MIB])
        assert not waiting.done()
        large, leave_large = await entered(space, [100 * MIB, MIB])
    leave.set()
    await waiting
    # A large video waits until it is alone, and then nothing else is read.
    after, leave_after = await entered(space, [MIB])
    leave_after.set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not after.done()
    leave_large.set()
    await asyncio.gather(large, after)


async def test_orders_that_were_cancelled_while_they_waited_take_no_place() -> None:
    space = FileSpace()
    async with space.reserved([MIB] * 3):
        waiting, _ = await entered(space, [MIB, MIB])
        waiting.cancel()
        await asyncio.wait({waiting})
    async with asyncio.timeout(5), space.reserved([MIB] * MAX_FILES):
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


@pytest.mark.stage(jobs={"per_member": MAX_PREPARING + 2})
async def test_a_member_has_two_orders_in_preparation(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = SlowDiscord(monkeypatch)
    replies = [await stage.order("faceswap-v5") for _ in range(MAX_PREPARING + 2)]
    await eventually(lambda: slow.reading == MAX_PREPARING or None, lambda: f"{slow.reading} files are read")
    slow.arrive.set()
    for reply in replies:
        await reply.says("Queued")
    assert slow.most == MAX_PREPARING


@pytest.mark.stage(credits={"start": 0})
async def test_no_file_is_read_for_an_order_that_nobody_can_pay(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowDiscord(monkeypatch)
    slow.arrive.set()
    await stage.order("ai-face-swap", target=("clip.mp4", files.video(frames=12, rate=12)))
    assert slow.most == 0


@pytest.mark.stage(jobs={"waiting_per_member": 2, "per_member": 1})
async def test_orders_in_preparation_count_as_waiting(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = SlowDiscord(monkeypatch)
    replies = [await stage.order("faceswap-v5") for _ in range(6)]
    await eventually(lambda: slow.reading == 2 or None, lambda: f"{slow.reading} files are read")
    slow.arrive.set()

    def shown() -> list[str]:
        words = ("Queued", "Waiting in line")
        return sorted(word for reply in replies[:2] for word in words if word in reply.text)

    # Either may be first, because both files arrive at once.
    await eventually(lambda: shown() == ["Queued", "Waiting in line"] or None, lambda: f"{shown()}")
    with closing(sqlite3.connect(stage.database)) as database:
        ((count,),) = database.execute("SELECT count(*) FROM jobs").fetchall()
    assert count == 2
