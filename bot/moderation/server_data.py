"""Data about servers: forgotten at an administrator's request, and some time after the bot was removed."""

from collections.abc import Callable, Collection
from typing import Protocol


class ServerDataRepository(Protocol):
    """Settings and decisions of servers; the store implements it."""

    async def mark_present(self, guild_ids: Collection[int], *, is_here: Callable[[int], bool]) -> None:
        """Record which servers have the bot.

        A server for which `is_here` is true and that is not among `guild_ids` counts as left.
        """
        ...

    async def forget(self, guild_id: int) -> None:
        """Delete a server's settings, log channel, blocks, list of media and closed cases.

        The people in its audit entries become anonymous. Members' accounts and jobs are their own, and stay.
        """
        ...

    async def forget_left(self, before: float) -> int:
        """Forget the servers that were left before then; return their number."""
        ...
