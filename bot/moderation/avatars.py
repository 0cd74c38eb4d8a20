"""Members' consent to the use of their avatars by others, for each server, and where they were used."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.ledger.account import Member
from bot.moderation.ports import AccessStore


class AvatarNotShared(Exception):
    """The member does not share their avatar in this server, or no longer does."""


@dataclass(frozen=True, slots=True)
class AvatarConsent:
    """Consent of a member that others in a server use their avatar."""

    notify: bool
    """True if the member wants a direct message about each use."""
    locale: str
    """Language of these messages."""


@dataclass(frozen=True, slots=True)
class AvatarUse:
    """Delivered result that was made with a member's avatar."""

    job_id: str
    user_id: int
    """Member who ordered it; 0 if they deleted their data."""
    guild_id: int | None
    channel_id: int
    message_id: int
    created_at: float


class AvatarRepository(Protocol):
    """Consents and uses; the store implements it."""

    async def consent(self, owner: int, guild_id: int) -> AvatarConsent | None: ...

    async def give(self, owner: int, guild_id: int, consent: AvatarConsent) -> None: ...

    async def withdraw(self, owner: int, guild_id: int) -> Sequence[str]:
        """Delete the consent; return the ids of the jobs that use the avatar and wait to be submitted."""
        ...

    async def uses(
        self, owner: int, *, before: int | None = None, after: int | None = None, limit: int = 10
    ) -> Sequence[AvatarUse]:
        """Return the delivered results of others with this avatar that nobody has removed, newest first."""
        ...


class AvatarPolicy:
    """Decides whether a member may use somebody's avatar."""

    def __init__(self, store: AccessStore, avatars: AvatarRepository) -> None:
        self._store = store
        self._avatars = avatars

    async def check(self, owner: int, by: Member) -> None:
        """Raise `AvatarNotShared` unless the avatar is their own, or shared in the server of the order."""
        if owner == by.user_id:
            return
        shared = by.guild_id is not None and await self._avatars.consent(owner, by.guild_id) is not None
        if not shared or (await self._store.preferences(owner)).opted_out:
            raise AvatarNotShared
