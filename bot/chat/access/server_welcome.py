"""Tells the member who adds the bot to a server how to set it up, once."""

from typing import Any

import discord
import structlog
from discord import ui

from bot.chat.messages import DISCORD_ERRORS, NOBODY, send_direct
from bot.chat.shared import Shared
from bot.chat.text import speaking
from bot.chat.ui.command_button import CommandButton
from bot.chat.ui.info_card import InfoCard, as_code

log = structlog.stdlib.get_logger(__name__)

_NAME_LIMIT = 100
# Entries of the audit log to search; that of the invitation is among the newest.
_MAX_ENTRIES = 10


class ServerWelcome:
    """Sends a new server's card to its inviter, else to its owner, else to its channel for such messages."""

    def __init__(self, shared: Shared) -> None:
        self._settings = shared.settings.discord
        self._client = shared.client
        self._background = shared.background
        self._text = shared.text

    def open(self) -> None:
        if not self._settings.welcome:
            return
        self._client.add_listener(self._on_guild_join, "on_guild_join")

    async def _on_guild_join(self, guild: discord.Guild) -> None:
        if not self._settings.servers or guild.id in self._settings.servers:
            self._background.spawn(self._welcome(guild))

    async def _welcome(self, guild: discord.Guild) -> None:
        people = [await self._inviter(guild), guild.owner_id]
        for user_id in dict.fromkeys(filter(None, people)):
            if await self._send(guild, user_id):
                return
        if not await self._post(guild):
            log.info("new server not welcomed", guild=guild.id)

    async def _inviter(self, guild: discord.Guild) -> int | None:
        """Member who added the bot, where the bot may read the audit log."""
        if self._client.user is None or not guild.me.guild_permissions.view_audit_log:
            return None
        entries = guild.audit_logs(action=discord.AuditLogAction.bot_add, limit=_MAX_ENTRIES)
        try:
            async for entry in entries:
                if entry.target is not None and entry.target.id == self._client.user.id:
                    return entry.user_id
        except DISCORD_ERRORS as error:
            log.info("inviter not found", guild=guild.id, reason=type(error).__name__)
        return None

    async def _send(self, guild: discord.Guild, user_id: int) -> bool:
        with speaking(str(guild.preferred_locale)):
            link: ui.Button[Any] = ui.Button(
                label=self._text("welcome.open"), url=f"https://discord.com/channels/{guild.id}"
            )
            card = self._card(guild, link)
        try:
            await send_direct(self._client, user_id, card)
        except DISCORD_ERRORS as error:
            log.info("new server not welcomed by direct message", reason=type(error).__name__)
            return False
        return True

    async def _post(self, guild: discord.Guild) -> bool:
        """Send the card to the system channel, where administrators can begin with one press."""
        channel = guild.system_channel
        if channel is None or not channel.permissions_for(guild.me).send_messages:
            return False
        with speaking(str(guild.preferred_locale)):
            style = discord.ButtonStyle.primary
            card = self._card(guild, CommandButton("admin setup", self._text("welcome.setup"), style))
        try:
            await channel.send(view=card, allowed_mentions=NOBODY)
        except DISCORD_ERRORS as error:
            log.info("new server not welcomed in its channel", reason=type(error).__name__)
            return False
        return True

    def _card(self, guild: discord.Guild, button: ui.Item[Any]) -> InfoCard:
        text = self._text
        steps = [text(f"welcome.{step}") for step in ("log", "access", "credits", "approval")]
        lines = [
            text("welcome.thanks", server=as_code(guild.name, _NAME_LIMIT)),
            *(f"{number}. {step}" for number, step in enumerate(steps, 1)),
            text("welcome.how"),
        ]
        return InfoCard(text("welcome.title"), lines, text, buttons=[button])
