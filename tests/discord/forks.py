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
from fcntl import LOCK_EX, flock
from functools import cache, partial
from pathlib import Path
from tempfile import gettempdir
from threading import Lock
from typing import IO, Any, Self
from unittest.mock import patch

from bot.media.worker import process

ROOT = Path(__file__).parents[2]
# Of glibc's allocator, which reads it only when a process starts; of the bot's media workers.
_ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(2**20),
    "OPENBLAS_NUM_THREADS": "1",
}
# The first byte of a connection: for a program, or for as long as a process of the test run lives.
REQUEST, USER = b"r", b"u"


@dataclass(frozen=True, slots=True)
class Request:
    """A program to start."""

    module: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: str

    def send(self, server: str, streams: Sequence[int]) -> socket.socket:
        """Ask a server to start the program with these standard streams.

        The answer has its process id in one line, and later its exit code in another.
        """
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(server)
        socket.send_fds(connection, [REQUEST], streams)
        connection.sendall(json.dumps(asdict(self)).encode() + b"\n")
        return connection


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

    def __init__(
        self, command: Sequence[str], *, env: Mapping[str, str], server: str | None = None, **_: Any
    ) -> None:
        childs_input, input_ = os.pipe()
        output, childs_output = os.pipe()
        request = Request(command[-1], (), env, str(Path.cwd()))
        self._connection = request.send(server or _server(), [childs_input, childs_output, 2])
        for descriptor in (childs_input, childs_output):
            os.close(descriptor)
        self.stdin, self.stdout = os.fdopen(input_, "wb"), os.fdopen(output, "rb")
        self._answer = self._connection.makefile("rb")
        self.pid = int(self._answer.readline())
        self._returncode: int | None = None
        self._lock = Lock()

    def poll(self) -> int | None:
        """Return the exit code if the fork has ended."""
        with self._lock:
            if self._returncode is None:
                try:
                    self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
                except BlockingIOError:
                    return None
        return self.wait()

    def wait(self) -> int:
        with self._lock:
            if self._returncode is None:
                self._returncode = int(self._answer.readline())
                self._answer.close()
                self._connection.close()
            return self._returncode

    def kill(self) -> None:
        if self._returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


def fork_media_workers(server: str | None = None) -> None:
    """Let all media workers of this process come from a server, by default from that of this test run."""
    patch.object(process, "Popen", partial(ForkedChild, server=server)).start()


@cache
def _server() -> str:
    """Return the address of the server of this test run, which the first of its processes starts."""
    # The address of a socket may have about a hundred characters.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))[:12]
    path, server = Path(gettempdir(), f"doppel-forks-{run}"), None
    with path.open("a+") as file:
        flock(file, LOCK_EX)
        file.seek(0)
        address = file.read()
        if (connection := _use(address)) is None:
            file.truncate(0)
            file.write(address := f"{path}-{os.getpid()}")
            server = _start(address, path)
            connection = _use(address)
    assert connection is not None, "the fork server does not start"
    atexit.register(_leave, connection, server)
    return address


def _use(address: str) -> socket.socket | None:
    """Connect to a server for as long as this process lives, if there is one."""
    connection = socket.socket(socket.AF_UNIX)
    with suppress(OSError):
        connection.connect(address)
        connection.sendall(USER)
        if connection.recv(1) == USER:
            return connection
    connection.close()
    return None


def _start(address: str, file: Path) -> subprocess.Popen[bytes]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        return subprocess.Popen(
            [sys.executable, "-m", "tests.discord.fork_server", address, file, str(listener.fileno())],
            # Forks find their modules there.
            cwd=ROOT,
            env={**os.environ, **_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            pass_fds=[listener.fileno()],
        )


def _leave(connection: socket.socket, _server: subprocess.Popen[bytes] | None) -> None:
    """Let the server end, unless other processes use it; Popen warns of one that it sees running."""
    connection.close()
