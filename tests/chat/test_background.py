"""Background tasks end with the program, and none begins afterwards."""

import asyncio

from bot.chat.background import Background


async def test_no_task_begins_after_the_end() -> None:
    background, begun = Background(), list[str]()

    async def work(name: str) -> None:
        begun.append(name)
        await asyncio.Event().wait()

    background.spawn(work("before"))
    await asyncio.sleep(0)
    await background.close()
    background.spawn(work("after"))
    await asyncio.sleep(0)
    assert begun == ["before"]
