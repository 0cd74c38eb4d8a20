"""What the door needs to know, as protocols that the store fills in."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from bot.credits.books import Deed
from bot.credits.rules import ServerRules
from bot.safety.prints import Print


class Register(Protocol):
    """What is kept about members for everybody's safety."""

    async def agreed_to(self, user_id: int) -> str | None:
        """The version that the member has agreed to last."""
        ...

    async def agree(self, user_id: int, version: str) -> None: ...

    async def opted_out(self, user_id: int) -> bool: ...

    async def set_opted_out(self, user_id: int, out: bool) -> None: ...

    async def strikes(self, user_id: int, since: float) -> Sequence[float]:
        """When orders of this member were blocked for their content, the newest first."""
        ...

    async def left_at(self, user_id: int) -> float | None:
        """When the member had everything deleted, if that was lately."""
        ...

    async def is_listed(self, exact: Collection[str], guild_id: int | None) -> bool:
        """Whether one of these is on the list of all servers, or on that of this one."""
        ...

    async def looks_listed(self, guild_id: int | None) -> Collection[int]: ...

    async def list_prints(self, prints: Collection[Print], guild_id: int | None, job_id: str) -> None:
        """From now on; without a server, everywhere."""
        ...

    async def unlist(self, job_id: str, guild_id: int) -> int:
        """Take a job's prints off the list of this server; how many there were."""
        ...

    async def keep_prints(self, job_id: str, prints: Mapping[str, Print]) -> None: ...

    async def prints_of(self, job_id: str) -> Mapping[str, Print]: ...

    async def take_down(self, job_id: str, actor: str) -> None:
        """Nobody is shown the job's result any more."""
        ...

    async def is_down(self, job_id: str) -> bool: ...

    async def posts_of(self, job_id: str) -> Sequence[tuple[int, int]]:
        """The messages besides its own that show the job: their channels, and their ids."""
        ...

    async def record(self, deed: Deed) -> None: ...


class Rules(Protocol):
    async def rules(self, guild_id: int) -> ServerRules: ...
