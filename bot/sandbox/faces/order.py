"""Input, notes and output of one rendering."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2

from bot.sandbox.faces.errors import CannotSwap, RenderCancelled
from bot.sandbox.segmind.engine import Rendering


class CancelToken:
    """Lets the caller cancel a rendering, which stops at its next step."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        self._cancelled.set()

    def check(self) -> None:
        if self._cancelled.is_set():
            raise RenderCancelled


@dataclass
class Notes:
    """Notes of a rendering, which the response shows as `local`."""

    ignored: dict[str, str] = field(default_factory=dict[str, str])
    """Parameters without effect, with the reason."""
    approximated: dict[str, str] = field(default_factory=dict[str, str])
    """Parameters with a substitute, with its description."""
    warnings: list[str] = field(default_factory=list[str])
    faces_found: int = 0
    faces_swapped: int = 0
    identity_distance: float | None = None
    """Distance between the result's face and the source's; below about 0.6 both are the same person."""

    def warn(self, sentence: str) -> None:
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def as_dict(self) -> dict[str, Any]:
        return {
            "engine": f"classical mesh swap, OpenCV {cv2.__version__}",
            "ignored": sorted(self.ignored),
            "reasons": self.ignored,
            "approximated": self.approximated,
            "warnings": self.warnings,
            "identity_distance": self.identity_distance,
            "faces_found": self.faces_found,
            "faces_swapped": self.faces_swapped,
        }


@dataclass(frozen=True)
class Order:
    """One rendering to do: validated parameters and the bytes of the files."""

    parameters: Mapping[str, Any]
    media: Mapping[str, bytes]
    cancel_token: CancelToken
    notes: Notes = field(default_factory=Notes)

    def file(self, name: str) -> bytes:
        if not self.media.get(name):
            raise CannotSwap(f"Nothing was sent as {name}.")
        return self.media[name]

    def rendered(self, content: bytes, media_type: str) -> Rendering:
        return Rendering(content, media_type, self.notes.as_dict())
