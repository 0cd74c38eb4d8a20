"""Records which servers have the bot, so that those that removed it are forgotten after a while."""

from collections.abc import Callable

import discord
import structlog

from bot.chat.shared import Shared
from bot.jobs.ports import StoreUnavailable

log = structlog.stdlib.get_logger(__name__)


class ServerPresence:
    """Follows Discord's events about servers."""

    def __init__(self, shared: Shared, is_responsible_for: Callable[[int], bool]) -> None:
        """`is_responsible_for` tells whether this process receives the events of a server."""
        self._repository = shared.store.server_data
        self._client = shared.client
        self._is_responsible_for = is_responsible_for
        self._background = shared.background

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
        except StoreUnavailable as error:
            # The next change or session records it.
            log.warning("presence in servers not recorded", error=type(error).__name__)
