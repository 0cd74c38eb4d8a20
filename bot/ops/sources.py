"""Parts of the bot as health, gauges and the dashboard read them."""

from collections.abc import Awaitable
from typing import Protocol


class Lease(Protocol):
    """The claim of this process on its jobs."""

    def lease_left(self) -> float | None:
        """Seconds; None if no other process could take over."""
        ...


class Store(Lease, Protocol):
    """The database."""

    def ping(self) -> Awaitable[None]:
        """Raise if the database does not answer."""
        ...

    def unreadable_jobs(self) -> int:
        """Number of open jobs that nobody runs, because this version cannot read them."""
        ...


class Cluster(Protocol):
    """The processes that share the database."""

    @property
    def processes(self) -> int: ...

    @property
    def is_failing(self) -> bool:
        """Whether the checks of the other processes keep failing."""
        ...


class Shards(Protocol):
    """The connections of this process to Discord."""

    @property
    def shards_wanted(self) -> int: ...

    @property
    def shards_online(self) -> int: ...


class Client(Shards, Protocol):
    """The Discord client."""

    def is_ready(self) -> bool: ...

    def server_name(self, guild_id: int) -> str | None:
        """Return the name of a server that this process serves."""
        ...


class InvalidRequests(Protocol):
    """Discord's count of invalid requests."""

    @property
    def recent(self) -> int: ...
