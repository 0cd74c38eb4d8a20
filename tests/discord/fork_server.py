"""Runs programs as forks of one process that has already loaded their modules, which is most of a start.

Each fork is a process of its own, with its own arguments, environment, folder and standard streams. It does
what `python -m MODULE ARGUMENTS` does in a new process.
"""

import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, cast

from bot.chat.text import LANGUAGES, catalogue
from bot.cli.gc_tuning import relax_gc
from bot.registry import iter_modules
from bot.wiring.factories import FEATURES
from tests.discord.forks import REQUEST, USER, Request, fork_media_workers

# `doppel run`, what it loads for Postgres, and what its media workers load. Not their program itself: runpy
# executes it in each fork, and would warn that it is loaded already.
MODULES = (
    "bot.cli.run",
    "asyncpg",
    "sqlalchemy.ext.asyncio",
    "PIL.Image",
    "av",
    "bot.media.probe",
    "bot.media.marks.pixels",
    "bot.media.safety_gate.gate",
    "cv2",
)


class ForkServer:
    """Forks itself for each request, and answers with the exit code of the fork.

    It serves all processes of a test run, until the last of them has ended.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._users = set[socket.socket]()
        """Connections of the processes of the test run."""
        self._clients: dict[int, socket.socket] = {}
        """Connections of those who wait for a fork, by its process id."""

    def serve(self) -> Request | None:
        """Serve until the end; returns a request in the fork that is to run it."""
        woken, waking = socket.socketpair()
        waking.setblocking(False)
        signal.set_wakeup_fd(waking.fileno())
        signal.signal(signal.SIGCHLD, _ignore)
        own = (self._listener, woken)
        for source in own:
            self._selector.register(source, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                source = cast("socket.socket", key.fileobj)
                if source is self._listener:
                    self._selector.register(self._listener.accept()[0], selectors.EVENT_READ)
                elif source is woken:
                    woken.recv(1 << 10)
                    self._collect()
                elif (request := self._answer(source)) is not None:
                    woken.close()
                    waking.close()
                    return request
            if not self._clients and len(self._selector.get_map()) == len(own):
                return None

    def _answer(self, connection: socket.socket) -> Request | None:
        kind, streams, _, _ = socket.recv_fds(connection, 1, 3)
        if kind == REQUEST:
            self._selector.unregister(connection)
            return self._start(connection, streams)
        if kind == USER:
            self._users.add(connection)
            _tell(connection, USER)
        else:
            self._selector.unregister(connection)
            self._users.discard(connection)
            connection.close()
            if not self._users:
                # A test run that was broken off leaves them behind.
                for pid in self._clients:
                    os.kill(pid, signal.SIGKILL)
        return None

    def _start(self, connection: socket.socket, streams: Sequence[int]) -> Request | None:
        with connection.makefile("rb") as lines:
            request = Request(**json.loads(lines.readline()))
        if (pid := os.fork()) == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._selector.close()
            for each in (self._listener, connection, *self._users, *self._clients.values()):
                each.close()
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
            return request
        for stream in streams:
            os.close(stream)
        self._clients[pid] = connection
        _tell(connection, b"%d\n" % pid)
        return None

    def _collect(self) -> None:
        while self._clients:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            connection = self._clients.pop(pid)
            _tell(connection, b"%d\n" % os.waitstatus_to_exitcode(status))
            connection.close()


def main(address: str, file: str, descriptor: str) -> NoReturn:
    relax_gc()
    # Ctrl-C is for the test run.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    listener = socket.socket(fileno=int(descriptor))
    for name in (*MODULES, *iter_modules(FEATURES)):
        importlib.import_module(name)
    for language in LANGUAGES:
        # Parsing them is the largest part of the rest of a start.
        catalogue(language)
    # Otherwise each fork would copy the pages of these objects when it looks for garbage.
    gc.collect()
    gc.freeze()
    if (request := ForkServer(listener).serve()) is not None:
        _run(request, address)
    for path in (address, file):
        Path(path).unlink(missing_ok=True)
    # Python would dismantle all modules first.
    os._exit(0)


def _run(request: Request, server: str) -> NoReturn:
    """Become the program."""
    fork_media_workers(server)
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.environment)
    sys.argv = [request.module, *request.arguments]
    code = 1
    try:
        runpy.run_module(request.module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # noqa: BLE001 - as at the end of any program
        traceback.print_exc()
    finally:
        # As in a fork of multiprocessing: without the dismantling of all modules, which takes longest.
        threading._shutdown()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        sys.stdout.flush()
        os._exit(code)


def _tell(connection: socket.socket, words: bytes) -> None:
    """Answer a client, unless it has ended meanwhile."""
    with suppress(OSError):
        connection.sendall(words)


def _ignore(_number: int, _frame: object) -> None:
    """Handle a signal that only wakes the server."""


if __name__ == "__main__":
    main(*sys.argv[1:])
