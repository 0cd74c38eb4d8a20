"""Which of Discord's shards a process serves: these, or as many as nobody else does."""

import re
from dataclasses import dataclass
from typing import Self

MOST = 1024

_THESE = re.compile(r"(?P<first>\d+)(-(?P<last>\d+))?/(?P<total>\d+)")
_ANY = re.compile(r"any (?P<count>\d+)/(?P<total>\d+)")


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """`ids` are none where they are to be claimed, `count` of them."""

    count: int
    total: int
    ids: tuple[int, ...] | None = None

    @classmethod
    def read(cls, text: str) -> Self:
        """`0-3/8` and `5/8` are these of eight; `any 4/8` are four of eight that nobody else serves."""
        text = text.strip().lower()
        if match := _THESE.fullmatch(text):
            first, total = int(match["first"]), int(match["total"])
            ids = tuple(range(first, int(match["last"] or first) + 1))
            plan = cls(len(ids), total, ids)
            fits = bool(ids) and ids[-1] < total
        elif match := _ANY.fullmatch(text):
            plan = cls(int(match["count"]), int(match["total"]))
            fits = 1 <= plan.count <= plan.total
        else:
            raise ValueError("no shards")
        if not fits or plan.total > MOST:
            raise ValueError("there are no such shards")
        return plan
