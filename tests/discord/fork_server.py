"""Starts programs as forks of a server that has already loaded their modules, which is most of a start.

Each fork is a process of its own, with its own arguments, environment and folder.
"""

import asyncio
import multiprocessing
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from contextlib import chdir
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path

# `doppel run`, and what it loads to create its tables and for Postgres.
MODULES = ("bot.cli.run", "alembic.command", "asyncpg", "sqlalchemy.ext.asyncio")
ROOT = Path(__file__).parents[2]

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload([*MODULES])


class ForkedProcess:
    """What the tests use of `asyncio.subprocess.Process`, for a fork."""

    def __init__(
        self, module: str, arguments: Sequence[str], cwd: Path, environment: Mapping[str, str]
    ) -> None:
        output, childs_output = _SERVER.Pipe(duplex=False)
        self._process = _SERVER.Process(
            target=_run,
            args=(childs_output, module, arguments, cwd, dict(environment)),
            # Otherwise a test run that was broken off would wait for its end.
            daemon=True,
        )
        # The server finds its modules in the folder that it starts in.
        with chdir(ROOT):
            forkserver.ensure_running()
        self._process.start()
        childs_output.close()
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._process.sentinel, self._note_end)
        self.stdout = asyncio.StreamReader()
        self._reading = asyncio.create_task(self._read(output))

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    async def wait(self) -> int:
        await self._ended.wait()
        assert self._process.exitcode is not None
        return self._process.exitcode

    def _note_end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._ended.set()

    async def _read(self, output: Connection) -> None:
        protocol = asyncio.StreamReaderProtocol(self.stdout)
        pipe = os.fdopen(os.dup(output.fileno()), "rb")
        output.close()
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)


def _run(
    output: Connection, module: str, arguments: Sequence[str], cwd: Path, environment: Mapping[str, str]
) -> None:
    """Become the program: what `python -m MODULE ARGUMENTS` does in a new process."""
    for number in (1, 2):
        os.dup2(output.fileno(), number)
    output.close()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
