"""Who stands behind an interaction, as the credits know them."""

from typing import Any

import discord

from bot.credits.account import Member


def member_of(interaction: discord.Interaction[Any]) -> Member:
    """A server counts only where the bot is a member of it; elsewhere it is the user's own."""
    user = interaction.user
    on_their_own = interaction.is_user_integration() and not interaction.is_guild_integration()
    if interaction.guild_id is None or on_their_own:
        return Member(user.id)
    roles = {role.id for role in user.roles} if isinstance(user, discord.Member) else set[int]()
    return Member(user.id, interaction.guild_id, frozenset(roles))
