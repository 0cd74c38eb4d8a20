"""What is asked of a worker, what it notes down while working, and what it hands back."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2

from bot.sandbox.faces.errors import Abandoned, CannotSwap


@dataclass(frozen=True)
class Rendering:
    content: bytes
    media_type: str
    local: dict[str, Any]
    """JSON-able: what the engine did with the parameters and how well it went."""


class Lifeline:
    """Held by the one who waits; once it is cut, the work stops at its next step."""

    def __init__(self) -> None:
        self._cut = threading.Event()

    def cut(self) -> None:
        self._cut.set()

    def check(self) -> None:
        if self._cut.is_set():
            raise Abandoned


@dataclass
class Notes:
    ignored: dict[str, str] = field(default_factory=dict[str, str])
    """Parameter and why it changed nothing."""
    approximated: dict[str, str] = field(default_factory=dict[str, str])
    """Parameter and what was done in its stead."""
    warnings: list[str] = field(default_factory=list[str])
    faces_found: int = 0
    faces_swapped: int = 0
    identity_distance: float | None = None
    """From the face in the result to the source; below about 0.6 it is the same person."""

    def warn(self, sentence: str) -> None:
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def told(self) -> dict[str, Any]:
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
    parameters: Mapping[str, Any]
    media: Mapping[str, bytes]
    lifeline: Lifeline
    notes: Notes = field(default_factory=Notes)

    def medium(self, name: str) -> bytes:
        if not self.media.get(name):
            raise CannotSwap(f"Nothing was sent as {name}.")
        return self.media[name]

    def rendered(self, content: bytes, media_type: str) -> Rendering:
        return Rendering(content, media_type, self.notes.told())
