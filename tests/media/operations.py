"""Operations for the tests of the media worker, which imports this module in its child."""

import os
import signal
import time
from pathlib import Path


def echo(content: bytes, *, times: int = 1) -> bytes:
    return content * times


def length(content: bytes) -> int:
    return len(content)


def pid() -> int:
    return os.getpid()


def sleep(seconds: float, started: Path | None = None) -> None:
    if started is not None:
        started.touch()
    time.sleep(seconds)


def burn() -> None:
    while True:
        pass


def allocate(size: int) -> int:
    return len(bytearray(size))


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def fail(secret: str) -> None:
    raise ValueError(secret)


def environment() -> dict[str, str]:
    return dict(os.environ)


class NotData:
    """No data class, so the bot must not load it."""


def return_code() -> NotData:
    return NotData()


def fail_with(error: Exception) -> None:
    raise error
