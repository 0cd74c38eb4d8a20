"""Leaves the servers that the operator does not allow, after telling them so."""

import discord
import structlog

from bot.chat.messages import DISCORD_ERRORS, NOBODY
from bot.chat.shared import Shared
from bot.chat.text import speaking
from bot.chat.ui.card import error_card

log = structlog.stdlib.get_logger(__name__)


class AllowedServers:
    """Leaves servers that are not on the operator's list; an empty list allows all."""

    def __init__(self, shared: Shared) -> None:
        self._servers = shared.settings.discord.servers
        self._client = shared.client
        self._background = shared.background
        self._text = shared.text

    def open(self) -> None:
        if not self._servers:
            return
        self._client.add_listener(self._on_guild_join, "on_guild_join")
        self._client.add_listener(self._on_ready, "on_ready")

    async def _on_guild_join(self, guild: discord.Guild) -> None:
        self._background.spawn(self._leave_unless_allowed(guild))

    async def _on_ready(self) -> None:
        # The list may have changed since the bot joined, and an attempt to leave may have failed.
        for guild in self._client.guilds:
            self._background.spawn(self._leave_unless_allowed(guild))

    async def _leave_unless_allowed(self, guild: discord.Guild) -> None:
        if guild.id in self._servers:
            return
        try:
            await self._explain(guild)
        except DISCORD_ERRORS as error:
            log.info("departure not explained", guild=guild.id, error=type(error).__name__)
        try:
            await guild.leave()
        except DISCORD_ERRORS as error:
            log.warning("server not left", guild=guild.id, error=type(error).__name__)
        else:
            log.info("server left because it is not allowed", guild=guild.id)

    async def _explain(self, guild: discord.Guild) -> None:
        me = None if self._client.user is None else guild.get_member(self._client.user.id)
        channels = ([] if guild.system_channel is None else [guild.system_channel]) + guild.text_channels
        writable = [each for each in channels if me is None or each.permissions_for(me).send_messages]
        if writable:
            with speaking(str(guild.preferred_locale)):
                card = error_card(self._text("refused.server_not_allowed"))
            await writable[0].send(view=card, allowed_mentions=NOBODY)
