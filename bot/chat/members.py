"""Who stands behind an interaction, as the credits know them, and what they may decide."""

from typing import Any

import discord

from bot.administration.audit import Administrator
from bot.ledger.account import Member


def member_of(interaction: discord.Interaction[Any]) -> Member:
    """A server counts only where the bot is a member of it; elsewhere it is the user's own."""
    user = interaction.user
    if interaction.guild_id is None or on_their_own(interaction):
        return Member(user.id)
    if isinstance(user, discord.Member):
        return member_in(interaction.guild_id, user)
    return Member(user.id, interaction.guild_id)


def on_their_own(interaction: discord.Interaction[Any]) -> bool:
    """Whether somebody has brought the bot along as their own app, and the server has not invited it."""
    return interaction.is_user_integration() and not interaction.is_guild_integration()


def member_in(guild_id: int, user: discord.Member) -> Member:
    return Member(user.id, guild_id, frozenset(role.id for role in user.roles))


class NotAdministrator(Exception):
    """Whoever may not manage the server may not decide for it."""


def administrator_of(interaction: discord.Interaction[Any]) -> Administrator:
    """Discord hides the commands from others, but a server's settings can show them to anybody."""
    may = interaction.permissions
    guild_id = member_of(interaction).guild_id
    if guild_id is None or not (may.manage_guild or may.administrator):
        raise NotAdministrator
    return Administrator(interaction.user.id, guild_id)
