"""Starts the real program as a terminal does, and stops it as Ctrl-C does."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.patience import PATIENCE


class Program:
    """A running program of the sandbox."""

    def __init__(self, process: asyncio.subprocess.Process, first: str) -> None:
        self._process = process
        self.first = first
        """First line of the output."""

    async def end(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Send a signal; return the exit code and the rest of the output."""
        self._process.send_signal(number)
        output, _ = await asyncio.wait_for(self._process.communicate(), PATIENCE)
        return await self._process.wait(), output.decode()


@asynccontextmanager
async def program(*arguments: str, cwd: Path) -> AsyncGenerator[Program]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *arguments,
        cwd=cwd,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "DOPPEL_CONSENT__REQUIRED": "false"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        assert process.stdout is not None
        first = await asyncio.wait_for(process.stdout.readline(), PATIENCE)
        yield Program(process, first.decode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
