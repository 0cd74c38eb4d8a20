"""TCP proxy between the bot and a server that can block the responses."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self


class BlockingProxy:
    """Forwards connections; while blocked, requests arrive but responses do not."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open = asyncio.Event()
        self._open.set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def block(self) -> None:
        self._open.clear()

    def unblock(self) -> None:
        self._open.set()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._port)
        back = asyncio.create_task(self._pump(to_reader, writer, self._open))
        try:
            await self._pump(reader, to_writer, None)
            await back
        finally:
            back.cancel()
            writer.close()
            to_writer.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: asyncio.Event | None
    ) -> None:
        # Tests kill either side at any time.
        with suppress(ConnectionError):
            while chunk := await reader.read(1 << 16):
                if gate is not None:
                    await gate.wait()
                writer.write(chunk)
                await writer.drain()
            writer.write_eof()
