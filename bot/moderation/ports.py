"""Protocols for the data that access checks and moderation need; the store implements them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from bot.ledger.ledger import AuditEntry
from bot.ledger.server_rules import ServerRules
from bot.media.fingerprints import Fingerprint
from bot.moderation.origin import OriginStore


@dataclass(frozen=True, slots=True)
class MemberPreferences:
    """A member's own decisions about the bot."""

    agreed_to: str | None = None
    """Latest version of the terms that the member accepted."""
    opted_out: bool = False
    """True if others may not use this member's pictures."""
    left_at: float | None = None
    """Time at which the member deleted their data, if it was recent."""
    confirms: bool = False
    """True if the member confirms the price of an order with one click."""


@dataclass(frozen=True, slots=True)
class BannedFingerprints:
    """Fingerprints of banned media."""

    exact: Collection[str]
    """The requested hashes of bytes that are banned."""
    dhashes: Collection[int]
    """All banned difference hashes, because a query cannot search by resemblance."""


class OwedLogEntry(NamedTuple):
    """Entry in the log of a server that is not posted yet."""

    job_id: str
    since: float


class AccessStore(Protocol):
    """Consent, strikes and banned media, as access checks read them."""

    async def preferences(self, user_id: int) -> MemberPreferences: ...

    async def strikes(self, user_id: int, since: float) -> Sequence[float]:
        """Find the times of a member's orders that were blocked for their content, newest first."""
        ...

    async def find_banned(self, exact: Collection[str], guild_id: int | None) -> BannedFingerprints:
        """Find media that are banned everywhere or in this server."""
        ...


class ModerationStore(AccessStore, OriginStore, Protocol):
    """Records consent and posts, bans media, and removes results."""

    async def agree(self, user_id: int, version: str) -> None: ...

    async def set_opted_out(self, user_id: int, out: bool) -> None: ...

    async def set_confirms(self, user_id: int, on: bool) -> None: ...

    async def ban_fingerprints(
        self, fingerprints: Collection[Fingerprint], guild_id: int | None, job_id: str
    ) -> None:
        """Ban media in a server, or everywhere if there is no `guild_id`."""
        ...

    async def lift_ban(self, job_id: str, guild_id: int) -> int:
        """Allow a job's media in this server again; return the number of deleted fingerprints."""
        ...

    async def save_fingerprints(self, job_id: str, fingerprints: Mapping[str, Fingerprint]) -> None: ...

    async def fingerprints_of(self, job_id: str) -> Mapping[str, Fingerprint]: ...

    async def take_down(self, job_id: str, actor: str) -> None:
        """Never show the job's result again."""
        ...

    async def is_taken_down(self, job_id: str) -> bool: ...

    async def posts_of(self, job_id: str) -> Sequence[tuple[int, int]]:
        """Find the channel and message ids of the job's result posts, besides its own reply."""
        ...

    async def keep_post(self, job_id: str, channel_id: int, message_id: int) -> None: ...

    async def keep_log_entry(self, job_id: str, channel_id: int, message_id: int) -> None:
        """Record an entry that shows the job's result in the log of a server."""
        ...

    async def log_entries_of(self, job_id: str) -> Sequence[tuple[int, int]]:
        """Find the channel and message ids of the log entries that show the job's result."""
        ...

    async def forget_post(self, message_id: int) -> None:
        """Delete the record of a post or a log entry that no longer shows the result."""
        ...

    async def owe_log_entry(self, job_id: str) -> None: ...

    async def owed_log_entries(self, before: float) -> Sequence[OwedLogEntry]:
        """Find entries of delivered jobs that have been owed since before this time."""
        ...

    async def forget_owed_log_entry(self, job_id: str) -> None: ...

    async def record(self, audit_entry: AuditEntry) -> None: ...


class ServerRulesReader(Protocol):
    """Reads the rules of a server."""

    async def rules(self, guild_id: int) -> ServerRules: ...
