"""Finds the owners of a message's pictures: its author, the member of a job, or a forwarded author."""

import asyncio
from collections.abc import Iterator
from typing import Any

import discord

from bot.chat.delivery.job_buttons import owner_of
from bot.chat.messages import DISCORD_ERRORS

# Discord waits for three seconds, and the form comes afterwards.
TIMEOUT = 1.5
# A forwarded message may be forwarded again.
MAX_FORWARDS = 3


class UnknownOwner(Exception):
    """Nobody can tell whose pictures they are, so nobody can tell whether they may be used."""


async def owners_of(message: discord.Message, client: discord.Client) -> frozenset[int]:
    """Return the members who decide about the pictures of a message, or raise `UnknownOwner`."""
    try:
        async with asyncio.timeout(TIMEOUT):
            return frozenset(await _owners(message, client, MAX_FORWARDS))
    except (*DISCORD_ERRORS, TimeoutError) as error:
        raise UnknownOwner from error


async def _owners(message: discord.Message, client: discord.Client, forwards: int) -> set[int]:
    own = client.user is not None and message.author.id == client.user.id
    owners = _members_of_card(message) if own else {message.author.id}
    if message.message_snapshots:
        # A snapshot does not name its author, so the original has to be asked for.
        reference = message.reference
        if reference is None or reference.message_id is None or not forwards:
            raise UnknownOwner
        channel = client.get_partial_messageable(reference.channel_id, guild_id=reference.guild_id)
        original = await channel.fetch_message(reference.message_id)
        owners |= await _owners(original, client, forwards - 1)
    if not owners:
        raise UnknownOwner
    return owners


def _members_of_card(message: discord.Message) -> set[int]:
    """Members who ordered what a message of the bot shows, by its interaction and its buttons."""
    asked = message.interaction_metadata
    found: set[int] = set() if asked is None else {asked.user.id}
    owners = (owner_of(custom_id) for custom_id in _custom_ids(message.components))
    return found | {owner for owner in owners if owner is not None}


def _custom_ids(components: Any) -> Iterator[str]:
    for component in components:
        if custom_id := getattr(component, "custom_id", None):
            yield custom_id
        yield from _custom_ids(getattr(component, "children", ()))
