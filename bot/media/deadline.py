"""Deadline for work in a thread, which cannot be stopped from outside."""

import time
from collections.abc import Callable


class Deadline:
    """Deadline that the work checks between its steps, each of them short, such as one frame of a video."""

    def __init__(self, seconds: float, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._until = timer() + seconds
        self._stopped = False

    def stop(self) -> None:
        """Expire at once; called from another thread when the result is no longer needed."""
        self._stopped = True

    @property
    def expired(self) -> bool:
        return self._stopped or self._timer() > self._until
