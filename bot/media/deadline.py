"""How long making a file fit may take: it runs in a thread, which nobody can stop from outside."""

import time
from collections.abc import Callable


class Deadline:
    """Asked between two steps of the work, each of them short: a frame, or one picture encoded."""

    def __init__(self, seconds: float, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._until = timer() + seconds
        self._stopped = False

    def stop(self) -> None:
        """From another thread: nobody waits for the outcome any more."""
        self._stopped = True

    @property
    def over(self) -> bool:
        return self._stopped or self._timer() > self._until
