"""The bot as a process of its own, started as its operator starts it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.discord.user import eventually
from tests.patience import PATIENCE

# What every program needs; the settings of whoever runs the tests stay out.
INHERITED = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")
# The bot is the one beside these tests, whichever is installed.
ROOT = Path(__file__).parents[2]


class Program:
    """One process. `output` is what it has said so far, on both channels."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._said = bytearray()
        self._reader = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> str:
        return self._said.decode(errors="replace")

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    async def says(self, *words: str) -> None:
        await eventually(
            lambda: all(word in self.output for word in words) or None, lambda: f"{words} in\n{self.output}"
        )

    async def end(self, patience: float = PATIENCE) -> int:
        """Its exit code, once it has ended by itself."""
        code = await asyncio.wait_for(self._process.wait(), patience)
        await self._reader
        return code

    async def terminate(self, patience: float = PATIENCE) -> int:
        self._signal(signal.SIGTERM)
        return await self.end(patience)

    async def kill(self) -> None:
        """As a power cut does: nothing is closed, nothing is said."""
        self.strike()
        await self.end()

    def strike(self) -> None:
        """The same, without waiting for what is left of it."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        # The process object would look first whether it lives, and so hide its end from the event loop.
        if self.running:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while chunk := await self._process.stdout.read(1 << 16):
            self._said += chunk


@asynccontextmanager
async def program(
    *arguments: str, cwd: Path, environment: Mapping[str, str], module: str = "bot"
) -> AsyncGenerator[Program]:
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        cwd=cwd,
        env={**inherited, "PYTHONPATH": str(ROOT), **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    started = Program(process)
    try:
        yield started
    finally:
        if started.running:
            await started.kill()
