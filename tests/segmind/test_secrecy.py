"""The key shows up in no log, representation, exception or trace, not even in one that prints its locals."""

import asyncio
import logging
import traceback

import pytest
from pydantic import SecretStr

from bot.segmind.client import SegmindClient
from bot.segmind.errors import SegmindError
from tests.patience import PATIENCE
from tests.segmind.conftest import KEY, NO_WAITS, SHORT, Names
from tests.segmind.hostile_server import Behaviour, Unruly, hang_up, raw, reply, reset, say_nothing

TROUBLES = [
    hang_up,
    reset,
    raw(b"rubbish\r\n\r\n"),
    raw(f"HTTP/1.1 200 OK\r\nx: {KEY}\x00\r\n\r\n".encode()),
    reply(200, b"{", length=9),
    reply(401, {"error": f"no such key: {KEY}"}),
    reply(500, f"key {KEY} is wrong".encode()),
    reply(200, {"status": "COMPLETED", "echo": KEY}),
]


def trace(error: BaseException) -> str:
    """Everything that hangs on to an exception, whether it would be shown or not."""
    told: list[str] = []
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        told += traceback.TracebackException.from_exception(each, capture_locals=True).format()
        told += [repr(each), str(each), repr(each.__dict__)]
        waiting += [each.__cause__, each.__context__]
    return "".join(told)


@pytest.mark.parametrize("behaviour", TROUBLES)
async def test_no_failure_tells_the_key(
    server: Unruly, client: SegmindClient, caplog: pytest.LogCaptureFixture, behaviour: Behaviour
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    server.plays(behaviour)
    for ask in (
        lambda: client.submit("x", {}),
        lambda: client.status("r-1"),
        client.balance,
        lambda: client.upload(b"x", "image/png", "face.png"),
    ):
        with pytest.raises(SegmindError) as caught:
            await ask()
        assert caught.value.__context__ is None
        assert KEY not in trace(caught.value)
    assert all(each.headers["x-api-key"] == KEY for each in server.seen)
    assert KEY not in caplog.text


async def test_a_failure_without_a_connection_does_not_tell_the_key() -> None:
    async with SegmindClient(
        SecretStr(KEY), base_url="http://x.test", retry=NO_WAITS, timeouts=SHORT, resolver=Names()
    ) as client:
        with pytest.raises(SegmindError) as caught:
            await client.submit("x", {})
    assert KEY not in trace(caught.value)


async def test_a_timeout_from_outside_does_not_tell_the_key(server: Unruly, client: SegmindClient) -> None:
    limit = asyncio.timeout(PATIENCE)

    async def outlasts(writer: asyncio.StreamWriter) -> bool:
        limit.reschedule(asyncio.get_running_loop().time())
        return await say_nothing(writer)

    server.plays(outlasts)
    with pytest.raises(TimeoutError) as caught:
        async with limit:
            await client.submit("x", {})
    told = trace(caught.value)
    assert "x-api-key" in told
    assert KEY not in told


def test_no_representation_tells_the_key() -> None:
    client = SegmindClient(SecretStr(KEY))
    assert KEY not in repr(client)
    assert KEY not in repr(vars(client))
    with pytest.raises(SegmindError) as caught:
        SegmindClient(SecretStr(KEY + "\n\n" + KEY))
    assert KEY not in trace(caught.value)
