"""Processes that are suspended, as a laptop or a virtual machine is, and wake after their lease is over."""

import asyncio
import os
import random
import signal
from collections.abc import Callable, Collection
from pathlib import Path

from tests.chaos.kill_points import RARE, KillPoint
from tests.discord.program import Program

MARK = "suspended at"
INTERVAL = 0.05
# How long a suspension lasts, in leases.
_LEASES = (1.2, 2.2)
_LATEST_OCCURRENCE = 25


class Suspensions:
    """Suspends its own process at random points of jobs, in the process of the bot."""

    def __init__(self, number: int, seed: int) -> None:
        self._left = number
        self._dice = random.Random(seed)
        self._points = [point for point in KillPoint if point is not KillPoint.SENT]
        self._plan()

    def reach(self, point: KillPoint) -> None:
        if not self._left or point is not self._point:
            return
        self._remaining -= 1
        if self._remaining == 0:
            self._left -= 1
            self._plan()
            os.write(1, f"{MARK} {point}\n".encode())
            os.kill(os.getpid(), signal.SIGSTOP)

    def _plan(self) -> None:
        self._point = self._dice.choice(self._points)
        self._remaining = self._dice.randint(1, 2 if self._point in RARE else _LATEST_OCCURRENCE)


async def wake_suspended(
    programs: Callable[[], Collection[Program]], lease: float, dice: random.Random
) -> None:
    """Wake each suspended process after its lease is over, until cancelled."""
    waking: dict[int, asyncio.Task[None]] = {}
    try:
        while True:
            for program in programs():
                if program.pid not in waking and _is_stopped(program):
                    seconds = lease * dice.uniform(*_LEASES)
                    waking[program.pid] = asyncio.create_task(_wake(program, seconds))
            waking = {pid: task for pid, task in waking.items() if not task.done()}
            await asyncio.sleep(INTERVAL)
    finally:
        for task in waking.values():
            task.cancel()
        for program in programs():
            program.wake()


async def _wake(program: Program, seconds: float) -> None:
    await asyncio.sleep(seconds)
    program.wake()
    # The process needs a moment until it no longer counts as stopped.
    await asyncio.sleep(INTERVAL)


def _is_stopped(program: Program) -> bool:
    try:
        status = Path(f"/proc/{program.pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] == "T"
