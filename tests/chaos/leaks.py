"""Scans logs for data that no log may hold: secrets, tokens, file addresses and members' input (pure)."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

# Part of every name and text that simulated members send.
CANARY = "zaunkoenig"
FACE_KEY = "c3Rvcm1zIGtlZXAgbm8gZmFjZXMsIGJ1dCBzZWFscyE="
PASSWORD = "word-of-the-scenario"

_SHAPES: Mapping[str, str] = {
    "what a member typed": CANARY,
    "the key of the faces": re.escape(FACE_KEY),
    "the database's password": PASSWORD,
    "a key of Segmind": "key-of-the-scenario",
    # "interaction:" in base64.
    "an interaction's token": "aW50ZXJhY3Rpb246",
    "a signed address of Discord": r"[?&]hm=\w",
    "the address of a file at Segmind": r"/(?:assets|outputs)/[0-9a-f]{16}",
}


class LeakScanner:
    """Scans the logs of a bot with this token."""

    def __init__(self, token: str) -> None:
        shapes = {**_SHAPES, "the bot's token": re.escape(token)}
        self._names = list(shapes)
        self._any = re.compile("|".join(f"({shape})" for shape in shapes.values()))

    def findings(self, outputs: Iterable[str]) -> list[str]:
        """Return a sentence for each kind of leak and each place where it occurs."""
        return sorted({sentence for output in outputs for sentence in self._leaks(output)})

    def _leaks(self, output: str) -> Iterator[str]:
        for found in self._any.finditer(output):
            assert found.lastindex is not None
            start = output.rfind("\n", 0, found.start()) + 1
            line = output[start : output.find("\n", found.end())]
            yield f"a log shows {self._names[found.lastindex - 1]}: {_place(line)}"


def _place(line: str) -> str:
    """Name the log entry without quoting the leak."""
    try:
        entry = cast("dict[str, Any]", json.loads(line))
    except ValueError:
        return f"a line of {len(line)} characters that is no entry, {line[:20]!r}"
    event = re.split(r"[\n{\[<]", str(entry["event"]))[0][:80]
    return f"{entry.get('logger')}, {entry.get('level')}: {event!r}, in {', '.join(sorted(entry))}"
