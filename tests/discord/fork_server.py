"""Runs programs as forks of one process that has already loaded their modules, which is most of a start.

Each fork is a process of its own, with its own arguments, environment, folder and standard streams. It does
what `python -m MODULE ARGUMENTS` does in a new process.
"""

import gc
import importlib
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
import traceback
from contextlib import suppress
from functools import partial
from unittest.mock import patch

from bot.chat.text import LANGUAGES, catalogue
from bot.media.worker import process
from tests.discord.forks import ForkedChild, Request

# `doppel run`, what it loads to create its tables and for Postgres, and what its media workers load.
MODULES = (
    "bot.cli.run",
    "alembic.command",
    "asyncpg",
    "sqlalchemy.ext.asyncio",
    "PIL.Image",
    "av",
    "bot.media.worker.child",
    "bot.media.probe",
    "bot.media.marks.pixels",
    "bot.media.safety_gate.gate",
)


class ForkServer:
    """Forks itself for each request, and answers with the exit code of the fork."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._clients: dict[int, socket.socket] = {}
        """Connections by the process ids of their forks."""

    def serve(self) -> Request | None:
        """Serve until stdin is closed; returns a request in the fork that is to run it."""
        woken, waking = socket.socketpair()
        waking.setblocking(False)
        signal.set_wakeup_fd(waking.fileno())
        signal.signal(signal.SIGCHLD, _ignore)
        for source in (self._listener, woken, sys.stdin):
            self._selector.register(source, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is sys.stdin:
                    for pid in self._clients:
                        os.kill(pid, signal.SIGKILL)
                    return None
                if key.fileobj is self._listener and (request := self._start()) is not None:
                    woken.close()
                    waking.close()
                    return request
                if key.fileobj is woken:
                    woken.recv(1 << 10)
                    self._collect()

    def _start(self) -> Request | None:
        connection, _ = self._listener.accept()
        request, streams = Request.receive(connection)
        if (pid := os.fork()) == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._selector.close()
            for each in (self._listener, connection, *self._clients.values()):
                each.close()
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
            return request
        for stream in streams:
            os.close(stream)
        self._clients[pid] = connection
        connection.sendall(b"%d\n" % pid)
        return None

    def _collect(self) -> None:
        while self._clients:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            connection = self._clients.pop(pid)
            # The client may have ended before its fork.
            with suppress(OSError):
                connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
            connection.close()


def main(address: str) -> None:
    # Ctrl-C is for the test run, whose end closes stdin.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    listener = socket.socket(fileno=int(sys.argv[2]))
    for name in MODULES:
        importlib.import_module(name)
    for language in LANGUAGES:
        # Parsing them is the largest part of the rest of a start.
        catalogue(language)
    # Otherwise each fork would copy the pages of these objects when it looks for garbage.
    gc.collect()
    gc.freeze()
    if (request := ForkServer(listener).serve()) is not None:
        _run(request, address)


def _run(request: Request, server: str) -> None:
    """Become the program."""
    patch.object(process, "Popen", partial(ForkedChild, server)).start()
    if request.folder is not None:
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


def _ignore(_number: int, _frame: object) -> None:
    """Handle a signal that only wakes the server."""


if __name__ == "__main__":
    main(sys.argv[1])
