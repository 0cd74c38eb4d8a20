"""Accounts as data: what is free, what is held, and the kinds of entries that move credits."""

from dataclasses import dataclass
from enum import StrEnum


class Entry(StrEnum):
    """A line of the ledger. The free credits of an account are the sum of the amounts of its lines."""

    GRANT = "grant"
    HOLD = "hold"
    """Set aside for a job before anything is sent."""
    CAPTURE = "capture"
    """The job is done: what was held is spent."""
    RELEASE = "release"
    """The job came to nothing: what was held is free again."""


@dataclass(frozen=True, slots=True)
class Balance:
    free: int
    held: int


class NotEnoughCredits(Exception):
    def __init__(self, *, need: int, have: int) -> None:
        super().__init__(f"an order of {need} credits against {have}")
        self.need = need
        self.have = have


def account_of(*, guild_id: int | None, user_id: int) -> str:
    """A member has one account per server, and one of their own outside of servers."""
    return f"{guild_id or 'direct'}:{user_id}"
