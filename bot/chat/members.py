"""Maps an interaction to the member who pays for it, and to the administrator who decides."""

from typing import Any

import discord

from bot.administration.audit import Administrator
from bot.ledger.account import Member


def member_of(interaction: discord.Interaction[Any]) -> Member:
    """The member of a server that has the bot; everywhere else, the user with an account of their own."""
    user = interaction.user
    if interaction.guild_id is None or is_user_install_only(interaction):
        return Member(user.id)
    if isinstance(user, discord.Member):
        return member_in(interaction.guild_id, user)
    return Member(user.id, interaction.guild_id)


def channels_of(interaction: discord.Interaction[Any]) -> frozenset[int]:
    """The channel of an interaction and, of a thread, its parent."""
    parent = getattr(interaction.channel, "parent_id", None)
    return frozenset(each for each in (interaction.channel_id, parent) if each is not None)


def is_user_install_only(interaction: discord.Interaction[Any]) -> bool:
    """Return whether the user brought the bot as their own app into a server that has not added it."""
    return interaction.is_user_integration() and not interaction.is_guild_integration()


def member_in(guild_id: int, user: discord.Member) -> Member:
    return Member(user.id, guild_id, frozenset(role.id for role in user.roles))


def server_permissions(interaction: discord.Interaction[Any]) -> discord.Permissions:
    """Permissions in the whole server; `interaction.permissions` adds those of the channel alone."""
    user = interaction.user
    return user.guild_permissions if isinstance(user, discord.Member) else discord.Permissions.none()


class NotAdministrator(Exception):
    """Only members who may manage a server can decide for it."""


def administrator_of(interaction: discord.Interaction[Any]) -> Administrator:
    """The administrator behind an interaction, or `NotAdministrator`.

    Discord hides the commands from others, but a server's settings can show them to anybody.
    """
    guild_id = member_of(interaction).guild_id
    if guild_id is None or not server_permissions(interaction).manage_guild:
        raise NotAdministrator
    return Administrator(interaction.user.id, guild_id)
