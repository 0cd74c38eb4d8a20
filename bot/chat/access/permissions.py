"""Who decides about what others had made: the moderators of its server, and the operators everywhere."""

from collections.abc import Collection

from bot.administration.audit import Administrator
from bot.chat.interactions import Interaction

# For what the operator decides where there is no server.
NOWHERE = 0


class NotModerator(Exception):
    """Only those who may manage messages decide about what others had made."""


def require_moderator(
    interaction: Interaction, guild_id: int | None, operators: Collection[int], *, refunds: bool = False
) -> Administrator:
    """Who decides; raises where this person may not."""
    user_id = interaction.user.id
    if user_id in operators:
        return Administrator(user_id, guild_id or NOWHERE)
    may = interaction.permissions
    allowed = may.manage_guild if refunds else (may.manage_messages or may.manage_guild)
    if guild_id is None or interaction.guild_id != guild_id or not (allowed or may.administrator):
        raise NotModerator
    return Administrator(user_id, guild_id)
