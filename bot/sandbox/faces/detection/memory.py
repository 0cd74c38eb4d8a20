"""Faces of the pictures that were searched last."""

import threading
from collections.abc import Callable
from hashlib import sha256

from bot.sandbox.faces.arrays import Picture
from bot.sandbox.faces.face import Face


class FaceMemory:
    """Remembers faces by their picture. People swap the same face again, and a search is half of a swap."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._found: dict[tuple[bytes, tuple[int, ...], bool], list[Face]] = {}
        self._lock = threading.Lock()

    def faces(
        self, picture: Picture, search: Callable[[Picture, bool], list[Face]], *, deep: bool
    ) -> list[Face]:
        """Return the faces of a picture; the search happens without the lock, so others need not wait."""
        key = sha256(picture.tobytes()).digest(), picture.shape, deep
        with self._lock:
            # Taken out and put back, it is the last to be forgotten.
            found = self._found.pop(key, None)
        if found is None:
            found = search(picture, deep)
        with self._lock:
            self._found[key] = found
            if len(self._found) > self._size:
                del self._found[next(iter(self._found))]
        return list(found)
