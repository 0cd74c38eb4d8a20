"""Checks who orders, from where, and with which files, before an order is read."""

from collections.abc import Mapping
from typing import Any

import discord
import structlog

from bot.chat.contexts import Contexts
from bot.chat.interactions import Interaction
from bot.chat.members import channels_of, member_of
from bot.jobs.ports import StoreUnavailable
from bot.ledger.account import Member
from bot.media.fingerprints import Fingerprint
from bot.moderation.access import AccessPolicy, AccessRequest
from bot.moderation.avatars import AvatarPolicy
from bot.moderation.errors import WrongChannel
from bot.moderation.ports import MemberPreferences, ModerationStore

log = structlog.stdlib.get_logger(__name__)


class AccessGuard:
    """Applies the access policy to interactions and to the files of orders."""

    def __init__(
        self,
        access_policy: AccessPolicy,
        avatar_policy: AvatarPolicy,
        moderation_store: ModerationStore,
        contexts: Contexts,
    ) -> None:
        self._access_policy = access_policy
        self._avatar_policy = avatar_policy
        self._contexts = contexts
        self._moderation_store = moderation_store

    async def admit(self, interaction: Interaction) -> None:
        """Raise one of the errors of `bot.moderation.errors` if this member may not order here."""
        if not self._contexts.allows(interaction):
            raise WrongChannel
        await self._access_policy.check(access_request_of(interaction))

    async def admit_inputs(self, member: Member, fingerprints: Mapping[str, Fingerprint]) -> None:
        """Raise `BannedMedia` if one of the files is on the list of blocked media."""
        await self._access_policy.check_fingerprints(fingerprints, member.guild_id)

    async def has_moderators(self, member: Member) -> bool:
        """Return True if moderators can approve results of this member's orders."""
        return member.guild_id is not None and await self._access_policy.has_log(member.guild_id)

    async def admit_avatar(self, member: Member, owner: int) -> None:
        """Raise `AvatarNotShared` if this member may not use the owner's avatar here."""
        await self._avatar_policy.check(owner, member)

    async def remember(self, job_id: str, fingerprints: Mapping[str, Fingerprint]) -> None:
        try:
            await self._moderation_store.save_fingerprints(job_id, fingerprints)
        except StoreUnavailable as error:
            # The order exists already, and a moderator can still add its result to the list.
            log.warning("fingerprints not saved", job=job_id, error=str(error))

    async def fingerprints_of(self, job_id: str) -> Mapping[str, Fingerprint]:
        """The fingerprints that were remembered for an earlier order."""
        return await self._moderation_store.fingerprints_of(job_id)

    async def preferences(self, user_id: int) -> MemberPreferences:
        return await self._moderation_store.preferences(user_id)

    async def may_use_pictures_of(self, author_id: int) -> bool:
        """Return whether others may use this member's avatar and posted pictures for a swap."""
        return not (await self._moderation_store.preferences(author_id)).opted_out


def access_request_of(interaction: Interaction) -> AccessRequest:
    return AccessRequest(
        user_id=interaction.user.id,
        guild_id=interaction.guild_id,
        channels=channels_of(interaction),
        roles=member_of(interaction).roles,
        age_restricted=_is_age_restricted(interaction.channel),
    )


def _is_age_restricted(channel: Any) -> bool:
    """Return whether the channel is age-restricted; one of an unknown kind counts as restricted."""
    match channel:
        case discord.DMChannel() | discord.GroupChannel():
            return False
        case discord.Thread():
            return channel.parent is None or channel.parent.is_nsfw()
        case _:
            is_nsfw = getattr(channel, "is_nsfw", None)
            return is_nsfw is None or bool(is_nsfw())
