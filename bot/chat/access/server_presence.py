"""Records which servers have the bot, so that those that removed it are forgotten after a while."""

from collections.abc import Callable

import discord
import structlog
from discord.ext import commands

from bot.chat.background import Background
from bot.jobs.ports import StoreAway
from bot.moderation.server_data import ServerDataRepository

log = structlog.stdlib.get_logger(__name__)


class ServerPresence:
    """Follows Discord's events about servers."""

    def __init__(
        self,
        repository: ServerDataRepository,
        *,
        client: commands.Bot,
        is_responsible_for: Callable[[int], bool],
        background: Background,
    ) -> None:
        """`is_responsible_for` tells whether this process receives the events of a server."""
        self._repository = repository
        self._client = client
        self._is_responsible_for = is_responsible_for
        self._background = background

    def open(self) -> None:
        self._client.add_listener(self._on_change, "on_guild_join")
        self._client.add_listener(self._on_change, "on_guild_remove")
        # A new session misses what happened since the last one.
        self._client.add_listener(self._on_ready, "on_ready")

    async def _on_change(self, guild: discord.Guild) -> None:
        del guild
        self._background.spawn(self._record())

    async def _on_ready(self) -> None:
        self._background.spawn(self._record())

    async def _record(self) -> None:
        present = {guild.id for guild in self._client.guilds}
        try:
            await self._repository.mark_present(present, is_here=self._is_responsible_for)
        except StoreAway as error:
            # The next change or session records it.
            log.warning("presence in servers not recorded", error=type(error).__name__)
