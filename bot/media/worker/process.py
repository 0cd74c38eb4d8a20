"""The bot's side of a media worker: starts the child, hands it calls, and kills it past its deadline."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from subprocess import PIPE, Popen
from typing import IO, Any, ParamSpec, TypeVar

import structlog

from bot.media.types import TooCostly
from bot.media.worker import messages
from bot.media.worker.limits import WorkerLimits
from bot.media.worker.messages import Outcome

log = structlog.stdlib.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

# Loading the decoders takes half a second, on a slow and busy machine many times that.
_START_SECONDS = 60.0
# Everything else in the environment stays away from the decoders, above all the token and the key. Signing
# may need a proxy to reach its timestamp server.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


class WorkerFailed(Exception):
    """An operation raised an unexpected exception, or the child cannot start; the message has the stack."""


class _Call:
    """A call and the child that runs it at present."""

    def __init__(self, message: object, name: str) -> None:
        self.message = message
        self.name = name
        self.process: Popen[bytes] | None = None
        self.cancelled = False


class MediaWorker:
    """Runs functions in a child process, one at a time, in the order of the calls.

    A thread talks to the child, so a worker serves any number of event loops. The child starts at the first
    call, and again after it was killed or has retired.
    """

    def __init__(self, limits: WorkerLimits | None = None) -> None:
        self._limits = limits or WorkerLimits()
        self._process: Popen[bytes] | None = None
        self._closed = False
        # Guards the two fields above and `_Call.process`, and is never held for long.
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, "media")

    async def run(self, operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function of a module in the child; it may raise exceptions of the bot's own.

        Raises `TooCostly` when the child ran out of time or memory, or crashed.
        """
        call = _Call(messages.call_of(operation, args, kwargs), getattr(operation, "__name__", ""))
        outcome, value = await self._outcome(call)
        match outcome:
            case Outcome.RETURNED:
                return value
            case Outcome.RAISED:
                try:
                    raise value
                finally:
                    # With this reference to its own exception, the traceback would keep the frames of all
                    # callers, and so the member's files, until a rare garbage collection.
                    del value
            case _:
                raise WorkerFailed(f"{call.name} failed in the media worker:\n{value}")

    def close(self) -> None:
        """Kill the child; calls that wait or run are cancelled."""
        with self._lock:
            self._closed = True
            process = self._process
        self._thread.shutdown(wait=False, cancel_futures=True)
        if process is not None:
            _end(process)

    async def _outcome(self, call: _Call) -> tuple[Outcome, Any]:
        try:
            return await asyncio.wrap_future(self._thread.submit(self._perform, call))
        except asyncio.CancelledError:
            self._cancel(call)
            raise

    def _cancel(self, call: _Call) -> None:
        with self._lock:
            call.cancelled = True
            if call.process is not None:
                call.process.kill()

    def _perform(self, call: _Call) -> tuple[Outcome, Any]:
        try:
            code = self._try(call)
            if code == 0:
                # The child retired just before the call, so the next child takes it.
                code = self._try(call)
        finally:
            # The thread keeps its last call, which must not keep a member's file.
            call.message = None
        if not isinstance(code, int):
            return code
        log.warning("media worker ended during a call", operation=call.name, code=code)
        raise TooCostly

    def _try(self, call: _Call) -> tuple[Outcome, Any] | int:
        """Return the outcome, or the exit code of the child if it ended before there was one."""
        with self._child_for(call) as process:
            try:
                return _exchange(process, call.message, self._limits.wall_seconds)
            except Exception:  # noqa: BLE001 - a child that a file has taken over may answer anything
                return self._discard(process)

    @contextmanager
    def _child_for(self, call: _Call) -> Generator[Popen[bytes]]:
        process = self._process
        if process is None or process.poll() is not None:
            process = self._start()
        with self._lock:
            if call.cancelled or self._closed:
                raise CancelledError
            call.process = process
        try:
            yield process
        finally:
            with self._lock:
                call.process = None
                cancelled = call.cancelled or self._closed
            if cancelled:
                raise CancelledError

    def _start(self) -> Popen[bytes]:
        with self._lock:
            if self._closed:
                raise CancelledError
            if self._process is not None:
                _end(self._process)
            self._process = process = Popen(
                [sys.executable, "-P", "-m", "bot.media.worker.child"],
                stdin=PIPE,
                stdout=PIPE,
                env=_environment(),
            )
        try:
            _exchange(process, self._limits, _START_SECONDS)
        except Exception as error:
            code = self._discard(process)
            if self._closed:
                raise CancelledError from None
            raise WorkerFailed(f"a media worker cannot start: its exit code is {code}") from error
        return process

    def _discard(self, process: Popen[bytes]) -> int:
        with self._lock:
            self._process = None
        return _end(process)


def _exchange(process: Popen[bytes], message: object, seconds: float) -> tuple[Outcome, Any]:
    requests, answers = _pipes(process)
    # A killed child closes its pipes, which ends the read below.
    deadline = threading.Timer(seconds, process.kill)
    deadline.start()
    try:
        messages.write(requests, message)
        return messages.load_outcome(messages.read(answers))
    finally:
        deadline.cancel()


def _end(process: Popen[bytes]) -> int:
    """Kill a child, unless it has ended by itself, and return its exit code."""
    process.kill()
    code = process.wait()
    for pipe in _pipes(process):
        # What it did not read is lost.
        with suppress(OSError):
            pipe.close()
    return code


def _pipes(process: Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    return process.stdin, process.stdout


def _environment() -> dict[str, str]:
    names = [name for name in os.environ if name in _ENVIRONMENT or name.lower() in _PROXIES]
    return {name: os.environ[name] for name in names} | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        # Each further arena reserves address space, which the limit would count.
        "MALLOC_ARENA_MAX": "1",
        # Once glibc has freed a large picture, it would take the next ones from its heap and keep them.
        "MALLOC_MMAP_THRESHOLD_": str(2**20),
        # numpy's library would reserve memory for a thread on each core, and nothing here needs them.
        "OPENBLAS_NUM_THREADS": "1",
    }
