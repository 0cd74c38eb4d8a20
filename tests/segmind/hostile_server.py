"""HTTP server on a raw socket that behaves as badly as a test asks, and records its requests."""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[bool]]
"""Responds to one request; returns whether the connection stays open for another."""


@dataclass(frozen=True)
class ReceivedRequest:
    """Request as the server received it."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))


class HostileServer:
    """Server that responds with one given behaviour after the other, and repeats the last one."""

    def __init__(self) -> None:
        self.requests: list[ReceivedRequest] = []
        self._script: list[Behaviour] = []
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def respond_with(self, *script: Behaviour) -> None:
        self._script = list(script)

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def posts(self) -> int:
        return sum(each.method == "POST" for each in self.requests)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._on_connection, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                self.requests.append(await _request(reader))
                behaviour = self._script.pop(0) if len(self._script) > 1 else self._script[0]
                if not await behaviour(writer):
                    break
        except (OSError, EOFError, asyncio.CancelledError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()


async def _request(reader: asyncio.StreamReader) -> ReceivedRequest:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
    }
    return ReceivedRequest(
        method, target, headers, await reader.readexactly(int(headers.get("content-length", "0")))
    )


def reply(status: int = 200, body: Any = b"", *, length: int | None = None, **headers: str) -> Behaviour:
    """Send a response; with `length`, declare a false one and hang up. `x_y="…"` is the header `x-y`."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"content-length": str(len(content) if length is None else length)}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in sent.items())]

    async def behave(writer: asyncio.StreamWriter) -> bool:
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        await writer.drain()
        return length is None

    return behave


def raw(content: bytes) -> Behaviour:
    """Send these bytes and close the connection."""

    async def behave(writer: asyncio.StreamWriter) -> bool:
        writer.write(content)
        await writer.drain()
        return False

    return behave


async def hang_up(_writer: asyncio.StreamWriter) -> bool:
    """Read the request and close the connection."""
    return False


async def reset(writer: asyncio.StreamWriter) -> bool:
    """Read the request and reset the connection."""
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False


async def say_nothing(_writer: asyncio.StreamWriter) -> bool:
    """Read the request and never respond."""
    await asyncio.Event().wait()
    return False


def stall(head: bytes) -> Behaviour:
    """Begin a response and never end it."""

    async def behave(writer: asyncio.StreamWriter) -> bool:
        writer.write(head)
        await writer.drain()
        return await say_nothing(writer)

    return behave


def endless(chunk: bytes, *, status: int = 200, pause: float = 0) -> Behaviour:
    """Send chunk after chunk until the client closes the connection."""

    async def behave(writer: asyncio.StreamWriter) -> bool:
        writer.write(f"HTTP/1.1 {status} OK\r\ntransfer-encoding: chunked\r\n\r\n".encode())
        while True:
            writer.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            await writer.drain()
            await asyncio.sleep(pause)

    return behave
