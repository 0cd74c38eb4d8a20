"""Permission to moderate results: a server's moderators for their server, operators everywhere."""

from collections.abc import Collection

from bot.administration.audit import Administrator
from bot.chat.interactions import Interaction
from bot.chat.members import NotAdministrator, server_permissions

# Stands for the server in an operator's decision about a result outside of servers.
NOWHERE = 0


class NotModerator(Exception):
    """Only members who may manage messages can moderate the results of others."""


def require_moderator(
    interaction: Interaction, guild_id: int | None, operators: Collection[int], *, refunds: bool = False
) -> Administrator:
    """Return the moderator behind an interaction; raise the error that names the missing permission."""
    user_id = interaction.user.id
    if user_id in operators:
        return Administrator(user_id, guild_id or NOWHERE)
    # A card can be moderated by the moderators of its channel, but only the server's own may refund.
    may = server_permissions(interaction) if refunds else interaction.permissions
    allowed = may.manage_guild or (may.manage_messages and not refunds)
    if guild_id is None or interaction.guild_id != guild_id or not allowed:
        raise NotAdministrator if refunds else NotModerator
    return Administrator(user_id, guild_id)
