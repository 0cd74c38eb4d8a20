"""Starts programs through the fork server: the bot from a test, and media workers from that bot."""

import asyncio
import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import IO, Any, Self

ROOT = Path(__file__).parents[2]
# Of glibc's allocator, which reads it only when a process starts; of the bot's media workers.
_ENVIRONMENT = {"MALLOC_ARENA_MAX": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class Request:
    """A program to start."""

    module: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: str | None = None
    """Folder that it starts in, or None for the server's own."""

    def send(self, server: str, streams: Sequence[int]) -> socket.socket:
        """Ask a server to start the program with these standard streams.

        The answer has its process id in one line, and later its exit code in another.
        """
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(server)
        socket.send_fds(connection, [b"\n"], streams)
        connection.sendall(json.dumps(asdict(self)).encode() + b"\n")
        return connection

    @classmethod
    def receive(cls, connection: socket.socket) -> tuple[Self, Sequence[int]]:
        _, streams, _, _ = socket.recv_fds(connection, 1, 3)
        with connection.makefile("rb") as lines:
            return cls(**json.loads(lines.readline())), streams


class ForkedProcess:
    """What the tests use of `asyncio.subprocess.Process`, for a fork."""

    def __init__(
        self, pid: int, answer: asyncio.StreamReader, writer: asyncio.StreamWriter, output: IO[bytes]
    ) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdout = asyncio.StreamReader()
        self._writer = writer
        self._reading = asyncio.create_task(self._read(output))
        self._ending = asyncio.create_task(self._note_end(answer))

    @classmethod
    async def start(
        cls, module: str, arguments: Sequence[str], cwd: Path, environment: Mapping[str, str]
    ) -> Self:
        request = Request(module, arguments, environment, str(cwd))
        output, childs_output = os.pipe()
        with open(os.devnull, "rb") as nothing:  # noqa: ASYNC230, PTH123 - only its descriptor is wanted
            connection = request.send(_server(), [nothing.fileno(), childs_output, childs_output])
        os.close(childs_output)
        reader, writer = await asyncio.open_unix_connection(sock=connection)
        return cls(int(await reader.readline()), reader, writer, os.fdopen(output, "rb"))

    async def wait(self) -> int:
        return await asyncio.shield(self._ending)

    async def _note_end(self, answer: asyncio.StreamReader) -> int:
        self.returncode = int(await answer.readline())
        self._writer.close()
        return self.returncode

    async def _read(self, output: IO[bytes]) -> None:
        protocol = asyncio.StreamReaderProtocol(self.stdout)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, output)


class ForkedChild:
    """What a media worker uses of `subprocess.Popen`, for a fork."""

    def __init__(self, server: str, command: Sequence[str], *, env: Mapping[str, str], **_: Any) -> None:
        childs_input, input_ = os.pipe()
        output, childs_output = os.pipe()
        self._connection = Request(command[-1], (), env).send(server, [childs_input, childs_output, 2])
        for descriptor in (childs_input, childs_output):
            os.close(descriptor)
        self.stdin, self.stdout = os.fdopen(input_, "wb"), os.fdopen(output, "rb")
        self._answer = self._connection.makefile("rb")
        self.pid = int(self._answer.readline())
        self._returncode: int | None = None
        self._lock = Lock()

    def poll(self) -> int | None:
        """Return the exit code if the fork has ended."""
        with suppress(BlockingIOError):
            self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            return self.wait()
        return None

    def wait(self) -> int:
        with self._lock:
            if self._returncode is None:
                self._returncode = int(self._answer.readline())
            return self._returncode

    def kill(self) -> None:
        if self._returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


@cache
def _server() -> str:
    """Start this process's server, which ends with it."""
    folder = TemporaryDirectory()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{folder.name}/server")
    listener.listen()
    address = listener.getsockname()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.discord.fork_server", address, str(listener.fileno())],
        # Forks find their modules there.
        cwd=ROOT,
        env={**os.environ, **_ENVIRONMENT},
        stdin=subprocess.PIPE,
        pass_fds=[listener.fileno()],
    )
    listener.close()

    @atexit.register
    def stop() -> None:
        process.communicate()
        folder.cleanup()

    return address
