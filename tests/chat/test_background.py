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


async def test_a_task_that_has_not_begun_still_says_something_at_the_end() -> None:
    background, said = Background(), list[str]()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            said.append("stopped")

    background.spawn(work())
    await background.close()
    assert said == ["stopped"]


async def test_the_end_waits_for_a_handler_that_is_about_to_start_a_task() -> None:
    background, said = Background(), list[str]()
    deferring, deferred = asyncio.Event(), asyncio.Event()

    async def handle() -> None:
        with background.expected():
            deferring.set()
            await deferred.wait()
            said.append("stopped" if background.is_closed else "started")

    handler = asyncio.create_task(handle())
    await deferring.wait()
    ending = asyncio.create_task(background.close())
    while not background.is_closed:
        await asyncio.sleep(0)
    deferred.set()
    await ending
    assert said == ["stopped"]
    await handler
