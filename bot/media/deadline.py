"""Deadline for encoding, which then gives up in good order; a worker that is killed would give no reason."""

import time
from collections.abc import Callable


class Deadline:
    """Deadline that the work checks between its steps, each of them short, such as one frame of a video."""

    def __init__(self, seconds: float, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._until = timer() + seconds

    @property
    def expired(self) -> bool:
        return self._timer() > self._until
