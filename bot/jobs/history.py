"""Past jobs, as members and moderators list them, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.jobs.delivery import Delivery
from bot.jobs.job import Reason, State


@dataclass(frozen=True, slots=True)
class PastJob:
    """Row of a list of jobs."""

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
    reason: Reason | None = None

    @property
    def number(self) -> int:
        """Sort key: ids begin with their time, so newer jobs have larger numbers."""
        return int(self.id, 16)

    @property
    def is_kept(self) -> bool:
        """Return whether its result could not be delivered and still waits for the member."""
        return self.state is State.DONE and self.delivery == Delivery.KEPT and self.reason is None


class JobHistory(Protocol):
    """Pages of past jobs: the newest ones, or the neighbours of a job given by its number."""

    async def of_member(
        self, user_id: int, *, before: int | None = None, after: int | None = None, limit: int = 10
    ) -> Sequence[PastJob]:
        """Return the member's jobs from all servers and from direct messages."""
        ...

    async def last_of_member(self, user_id: int, slug: str | None) -> str | None:
        """Return the id of the member's newest job, of this model or of any."""
        ...

    async def of_server(
        self, guild_id: int, *, before: int | None = None, after: int | None = None, limit: int = 10
    ) -> Sequence[PastJob]:
        """Return the jobs that were paid from this server's accounts."""
        ...
