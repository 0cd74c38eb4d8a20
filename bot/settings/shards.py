"""Shards of Discord that a process serves: fixed ones, or a number of unclaimed ones."""

import re
from dataclasses import dataclass
from typing import Self

MAX_SHARDS = 1024

_FIXED = re.compile(r"(?P<first>\d+)(-(?P<last>\d+))?/(?P<total>\d+)")
_ANY = re.compile(r"any (?P<count>\d+)/(?P<total>\d+)")


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """Plan for a process: serve the shards `ids`, or claim `count` shards if `ids` is None."""

    count: int
    total: int
    ids: tuple[int, ...] | None = None

    @classmethod
    def read(cls, text: str) -> Self:
        """Parse `0-3/8` or `5/8` (these shards of eight), or `any 4/8` (four unclaimed ones of eight)."""
        text = text.strip().lower()
        if match := _FIXED.fullmatch(text):
            first, total = int(match["first"]), int(match["total"])
            ids = tuple(range(first, int(match["last"] or first) + 1))
            plan = cls(len(ids), total, ids)
            fits = bool(ids) and ids[-1] < total
        elif match := _ANY.fullmatch(text):
            plan = cls(int(match["count"]), int(match["total"]))
            fits = 1 <= plan.count <= plan.total
        else:
            raise ValueError("no shards")
        if not fits or plan.total > MAX_SHARDS:
            raise ValueError("there are no such shards")
        return plan
