"""Main program of a media worker's child process: calls functions on files until it is killed or retires."""

import importlib
import os
import pickle
import queue
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from math import ceil
from pathlib import Path
from time import process_time
from typing import IO, Any, NoReturn

from bot.media.types import TooCostly
from bot.media.worker import messages
from bot.media.worker.limits import WorkerLimits
from bot.media.worker.messages import Outcome


def main() -> None:
    # The bot decides when its children end; a service manager and a terminal signal all processes at once.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    limits: WorkerLimits = pickle.loads(messages.read(requests)[0])  # noqa: S301 - from the bot
    for name in limits.preload:
        # The operation that needs a missing module explains it better.
        with suppress(Exception):
            importlib.import_module(name)
    # If the machine runs out of memory, the kernel ends a decoder before the bot.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")
    # A crash must not write the member's file to a disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What libraries print about a file belongs neither between the answers nor into the bot's log.
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - only its descriptor is wanted
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
        os.dup2(nowhere.fileno(), sys.stderr.fileno())
    messages.write(answers, (Outcome.READY, None))
    calls: queue.SimpleQueue[Sequence[bytes]] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(requests, calls, limits.memory), daemon=True).start()
    for _ in range(limits.calls):
        try:
            parts = calls.get(timeout=limits.idle_seconds)
        except queue.Empty:
            break
        _limit(resource.RLIMIT_CPU, ceil(process_time()) + limits.cpu_seconds)
        _answer(answers, parts)
        # The file would otherwise stay in memory until the next one comes.
        del parts
    _leave()


def _receive(requests: IO[bytes], calls: queue.SimpleQueue[Sequence[bytes]], memory: int) -> None:
    """Receive calls in a thread of its own, which notices the death of the bot during a call, too."""
    loaded = _address_space()
    while True:
        try:
            parts = messages.read(requests, lambda size: _limit_memory(loaded, memory + size))
        except EOFError:
            _leave()
        calls.put(parts)
        del parts


def _leave() -> NoReturn:
    # Python's own shutdown would wait for the thread that reads, or for the call.
    os._exit(0)


def _answer(answers: IO[bytes], parts: Sequence[bytes]) -> None:
    try:
        messages.write(answers, _outcome_of(parts))
    except MemoryError:
        # There was no space to pack the value; nothing of it is written yet.
        messages.write(answers, (Outcome.RAISED, TooCostly()))


def _outcome_of(parts: Sequence[bytes]) -> tuple[Outcome, Any]:
    try:
        operation, args, kwargs = messages.load_call(parts)
        return Outcome.RETURNED, operation(*args, **kwargs)
    except MemoryError:
        return Outcome.RAISED, TooCostly()
    except Exception as error:  # noqa: BLE001 - the bot raises it
        if type(error).__module__.startswith("bot."):
            return Outcome.RAISED, error.with_traceback(None)
        stack = "".join(traceback.format_tb(error.__traceback__))
        return Outcome.FAILED, f"{stack}{type(error).__name__}"


def _limit_memory(loaded: int | None, more: int) -> None:
    if loaded is not None:
        _limit(resource.RLIMIT_AS, loaded + more)


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _address_space() -> int | None:
    """Bytes of address space in use, or None on macOS, which neither reports nor limits it."""
    try:
        pages, *_ = Path("/proc/self/statm").read_text("ascii").split()
    except OSError:
        return None
    return int(pages) * resource.getpagesize()


if __name__ == "__main__":
    main()
