"""The bot in a process of its own: started as an operator starts it, or sooner as a fork."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol

from tests.discord.forks import ROOT, ForkedProcess
from tests.discord.user import eventually
from tests.patience import PATIENCE

# Variables that every program needs; all other variables could change the bot's settings.
INHERITED = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")


class Program:
    """A process; `output` is everything that it has printed so far."""

    def __init__(self, process: asyncio.subprocess.Process | ForkedProcess) -> None:
        self._process = process
        self._output = bytearray()
        self._reader = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> str:
        return self._output.decode(errors="replace")

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    def loaded_libraries(self) -> str:
        """Paths of the libraries in the process, as Linux lists them."""
        return Path(f"/proc/{self.pid}/maps").read_text()

    async def wait_for_output(self, *words: str) -> None:
        await eventually(
            lambda: all(word in self.output for word in words) or None, lambda: f"{words} in\n{self.output}"
        )

    async def wait_for_lines(self, number: int) -> None:
        await eventually(
            lambda: self.output.count("\n") >= number, lambda: f"{number} lines in\n{self.output}"
        )

    async def end(self, patience: float = PATIENCE) -> int:
        """Wait for the process to exit and return its exit code."""
        code = await asyncio.wait_for(self._process.wait(), patience)
        await self._reader
        return code

    async def terminate(self, patience: float = PATIENCE) -> int:
        self._signal(signal.SIGTERM)
        return await self.end(patience)

    async def interrupt(self, patience: float = PATIENCE) -> int:
        """End the process as Ctrl-C does."""
        self._signal(signal.SIGINT)
        return await self.end(patience)

    async def kill(self) -> None:
        """Kill the process without any shutdown, as a power cut does."""
        self.send_kill()
        await self.end()

    def send_kill(self) -> None:
        """Kill the process without waiting for its exit."""
        self._signal(signal.SIGKILL)

    def wake(self) -> None:
        """Continue a suspended process."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        # Process.send_signal polls the process first, which would hide its exit from the event loop.
        if self.running:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while chunk := await self._process.stdout.read(1 << 16):
            self._output += chunk


class Launch(Protocol):
    """Starts `python -m MODULE ARGUMENTS`."""

    def __call__(
        self, *arguments: str, cwd: Path, environment: Mapping[str, str], module: str = "bot"
    ) -> AbstractAsyncContextManager[Program]: ...


@asynccontextmanager
async def program(
    *arguments: str, cwd: Path, environment: Mapping[str, str], module: str = "bot"
) -> AsyncGenerator[Program]:
    """Start a program on the command line, as an operator does."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        cwd=cwd,
        env=_complete(environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with _until_its_end(Program(process)) as started:
        yield started


@asynccontextmanager
async def forked_program(
    *arguments: str, cwd: Path, environment: Mapping[str, str], module: str = "bot"
) -> AsyncGenerator[Program]:
    """Start a program as a fork, which takes an eighth of the processor time."""
    process = await ForkedProcess.start(module, arguments, cwd, _complete(environment))
    async with _until_its_end(Program(process)) as started:
        yield started


def _complete(environment: Mapping[str, str]) -> Mapping[str, str]:
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    # The tests run this checkout of the bot, even if another one is installed.
    return {**inherited, "PYTHONPATH": str(ROOT), **environment}


@asynccontextmanager
async def _until_its_end(started: Program) -> AsyncGenerator[Program]:
    try:
        yield started
    finally:
        if started.running:
            await started.kill()
