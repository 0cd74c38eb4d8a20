"""Jobs as members and moderators look them up: the newest first (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.jobs.delivery import Delivery
from bot.jobs.job import State


@dataclass(frozen=True, slots=True)
class PastJob:
    id: str
    slug: str
    user_id: int
    guild_id: int | None
    channel_id: int
    message_id: int
    hidden: bool
    state: State
    price: int
    created_at: float
    delivery: str | None

    @property
    def number(self) -> int:
        """Ids sort by their time, so newer jobs have larger ones."""
        return int(self.id, 16)

    @property
    def is_kept(self) -> bool:
        """Whether there is a result that nobody has seen yet."""
        return self.state is State.DONE and self.delivery == Delivery.KEPT

    @property
    def is_awaited(self) -> bool:
        """Whether a moderator has to look at its result first."""
        return self.state is State.DONE and self.delivery == Delivery.AWAITED


class JobHistory(Protocol):
    """Those next to a known one, by its number, or the newest."""

    async def of_member(
        self, user_id: int, *, before: int | None = None, after: int | None = None, limit: int = 10
    ) -> Sequence[PastJob]:
        """Wherever they were ordered."""
        ...

    async def of_server(
        self, guild_id: int, *, before: int | None = None, after: int | None = None, limit: int = 10
    ) -> Sequence[PastJob]:
        """Those that were paid from this server's accounts."""
        ...
