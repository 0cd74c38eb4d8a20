"""The key appears in no log, repr, exception or traceback, not even in one that prints local variables."""

import asyncio
import logging
import traceback

import pytest
from pydantic import SecretStr

from bot.segmind.client import SegmindClient
from bot.segmind.errors import SegmindError
from tests.patience import PATIENCE
from tests.segmind.conftest import KEY, NO_WAITS, SHORT, FakeResolver
from tests.segmind.hostile_server import Behaviour, HostileServer, hang_up, raw, reply, reset, say_nothing

FAILURES = [
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
    """Format an exception and all that it is chained to, with suppressed contexts and local variables."""
    lines: list[str] = []
    visited: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        each = pending.pop()
        if each is None or id(each) in visited:
            continue
        visited.add(id(each))
        lines += traceback.TracebackException.from_exception(each, capture_locals=True).format()
        lines += [repr(each), str(each), repr(each.__dict__)]
        pending += [each.__cause__, each.__context__]
    return "".join(lines)


@pytest.mark.parametrize("behaviour", FAILURES)
async def test_no_failure_reveals_the_key(
    server: HostileServer, client: SegmindClient, caplog: pytest.LogCaptureFixture, behaviour: Behaviour
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    server.respond_with(behaviour)
    for request in (
        lambda: client.submit("x", {}),
        lambda: client.status("r-1"),
        client.balance,
        lambda: client.upload(b"x", "image/png", "face.png"),
    ):
        with pytest.raises(SegmindError) as caught:
            await request()
        assert caught.value.__context__ is None
        assert KEY not in trace(caught.value)
    assert all(each.headers["x-api-key"] == KEY for each in server.requests)
    assert KEY not in caplog.text


async def test_a_failure_without_a_connection_does_not_reveal_the_key() -> None:
    async with SegmindClient(
        SecretStr(KEY), base_url="http://x.test", retry=NO_WAITS, timeouts=SHORT, resolver=FakeResolver()
    ) as client:
        with pytest.raises(SegmindError) as caught:
            await client.submit("x", {})
    assert KEY not in trace(caught.value)


async def test_a_timeout_of_the_caller_does_not_reveal_the_key(
    server: HostileServer, client: SegmindClient
) -> None:
    limit = asyncio.timeout(PATIENCE)

    async def expire_the_limit(writer: asyncio.StreamWriter) -> bool:
        limit.reschedule(asyncio.get_running_loop().time())
        return await say_nothing(writer)

    server.respond_with(expire_the_limit)
    with pytest.raises(TimeoutError) as caught:
        async with limit:
            await client.submit("x", {})
    full_trace = trace(caught.value)
    assert "x-api-key" in full_trace
    assert KEY not in full_trace


def test_no_repr_reveals_the_key() -> None:
    client = SegmindClient(SecretStr(KEY))
    assert KEY not in repr(client)
    assert KEY not in repr(vars(client))
    with pytest.raises(SegmindError) as caught:
        SegmindClient(SecretStr(KEY + "\n\n" + KEY))
    assert KEY not in trace(caught.value)
