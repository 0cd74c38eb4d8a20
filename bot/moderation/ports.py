"""What the door needs to know, as protocols that the store fills in."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.ledger.ledger import AuditEntry
from bot.ledger.server_rules import ServerRules
from bot.moderation.fingerprints import Fingerprint


@dataclass(frozen=True, slots=True)
class Standing:
    """What a member has decided about the bot."""

    agreed_to: str | None = None
    """The version that they have agreed to last."""
    opted_out: bool = False
    left_at: float | None = None
    """When they had everything deleted, if that was lately."""


@dataclass(frozen=True, slots=True)
class ListedFingerprints:
    exact: Collection[str]
    """Those that were asked for and are on the list."""
    dhashes: Collection[int]
    """All of them, as resemblance cannot be looked up."""


class ModerationStore(Protocol):
    """What is kept about members for everybody's safety."""

    async def standing(self, user_id: int) -> Standing: ...

    async def agree(self, user_id: int, version: str) -> None: ...

    async def set_opted_out(self, user_id: int, out: bool) -> None: ...

    async def strikes(self, user_id: int, since: float) -> Sequence[float]:
        """When orders of this member were blocked for their content, the newest first."""
        ...

    async def find_listed(self, exact: Collection[str], guild_id: int | None) -> ListedFingerprints:
        """What must not come again, on the list of all servers or on that of this one."""
        ...

    async def list_fingerprints(
        self, fingerprints: Collection[Fingerprint], guild_id: int | None, job_id: str
    ) -> None:
        """From now on; without a server, everywhere."""
        ...

    async def unlist(self, job_id: str, guild_id: int) -> int:
        """Take a job's prints off the list of this server; how many there were."""
        ...

    async def save_fingerprints(self, job_id: str, fingerprints: Mapping[str, Fingerprint]) -> None: ...

    async def fingerprints_of(self, job_id: str) -> Mapping[str, Fingerprint]: ...

    async def take_down(self, job_id: str, actor: str) -> None:
        """Nobody is shown the job's result any more."""
        ...

    async def is_down(self, job_id: str) -> bool: ...

    async def posts_of(self, job_id: str) -> Sequence[tuple[int, int]]:
        """The messages besides its own that show the job: their channels, and their ids."""
        ...

    async def record(self, audit_entry: AuditEntry) -> None: ...


class ServerRulesReader(Protocol):
    async def rules(self, guild_id: int) -> ServerRules: ...
