"""Stands at the door of the chat side: who asks, from where, and with which files."""

import asyncio
from collections.abc import Mapping
from typing import Any

import discord
import structlog

from bot.chat.contexts import Contexts
from bot.chat.interactions import Interaction
from bot.chat.members import member_of
from bot.jobs.ports import StoreAway
from bot.ledger.account import Member
from bot.moderation.access import AccessPolicy, AccessRequest
from bot.moderation.errors import WrongChannel
from bot.moderation.fingerprints import Fingerprint, fingerprint_of
from bot.moderation.ports import ModerationStore

log = structlog.stdlib.get_logger(__name__)

# So many pictures are unfolded at once: a large one takes 200 MB.
LOOKED_AT_ONCE = 2


class AccessGuard:
    def __init__(self, door: AccessPolicy, register: ModerationStore, contexts: Contexts) -> None:
        self._door = door
        self._contexts = contexts
        self._register = register
        self._room = asyncio.Semaphore(LOOKED_AT_ONCE)

    async def admit(self, interaction: Interaction) -> None:
        """Before anything of an order is read. Raises one of the safety room's refusals."""
        if not self._contexts.allows(interaction):
            raise WrongChannel
        await self._door.check(visit_of(interaction))

    async def admit_inputs(self, member: Member, contents: Mapping[str, bytes]) -> Mapping[str, Fingerprint]:
        """Before anything is uploaded; what was let in is known again by its prints."""
        fingerprints = {option: await self.fingerprint_of(content) for option, content in contents.items()}
        await self._door.check_fingerprints(fingerprints, member.guild_id)
        return fingerprints

    async def remember(self, job_id: str, fingerprints: Mapping[str, Fingerprint]) -> None:
        try:
            await self._register.save_fingerprints(job_id, fingerprints)
        except StoreAway as error:
            # The order stands already. A moderator can still put its result on the list.
            log.warning("the prints of a job's files could not be kept", error=str(error))

    async def may_use(self, author_id: int) -> bool:
        """Whether others may take this member's avatar and posted pictures for a swap."""
        return not (await self._register.standing(author_id)).opted_out

    async def fingerprint_of(self, content: bytes) -> Fingerprint:
        async with self._room:
            return await asyncio.to_thread(fingerprint_of, content)


def visit_of(interaction: Interaction) -> AccessRequest:
    channel: Any = interaction.channel
    parent = getattr(channel, "parent_id", None)
    channels = {each for each in (interaction.channel_id, parent) if each is not None}
    return AccessRequest(
        user_id=interaction.user.id,
        guild_id=interaction.guild_id,
        channels=frozenset(channels),
        roles=member_of(interaction).roles,
        age_restricted=_is_age_restricted(channel),
    )


def _is_age_restricted(channel: Any) -> bool:
    """Where it cannot be known, it counts as such."""
    match channel:
        case discord.DMChannel() | discord.GroupChannel():
            return False
        case discord.Thread():
            return channel.parent is None or channel.parent.is_nsfw()
        case _:
            is_nsfw = getattr(channel, "is_nsfw", None)
            return is_nsfw is None or bool(is_nsfw())
