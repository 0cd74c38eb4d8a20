"""Edits the message of a job, for as long as it exists, whichever way is still open."""

from collections.abc import Sequence

import aiohttp
import discord
from discord import ui

from bot.jobs.job import Place
from bot.jobs.ports import Clock

NOBODY = discord.AllowedMentions.none()

# Discord's word for a reply whose 15 minutes are over.
TOKEN_OVER = frozenset({10015, 50027})
# The message, its channel or the bot's place in the server is gone: nothing can be shown any more.
GONE = frozenset({10003, 10004, 10008, 50001, 50013})

# Faults of the way to Discord, which a later try may not meet.
PASSING = (aiohttp.ClientError, OSError, TimeoutError, discord.DiscordServerError, discord.RateLimited)


class Gone(Exception):
    """There is no message to edit, now or later."""


class Messages:
    def __init__(self, client: discord.Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def edit(self, place: Place, view: ui.LayoutView, files: Sequence[discord.File] = ()) -> None:
        """By the reply's token while it lives, which needs no permission; then through the channel."""
        try:
            if self._clock.now() < place.token_until and await self._by_token(place, view, files):
                return
            await self._in_channel(place, view, files)
        except discord.HTTPException as error:
            if error.code in GONE:
                raise Gone(error.code) from error
            raise

    async def _by_token(self, place: Place, view: ui.LayoutView, files: Sequence[discord.File]) -> bool:
        webhook = discord.Webhook.partial(place.application_id, place.token, client=self._client)
        try:
            await webhook.edit_message(
                place.message_id, view=view, attachments=files, allowed_mentions=NOBODY
            )
        except discord.HTTPException as error:
            if error.code not in TOKEN_OVER:
                raise
            for file in files:
                file.reset()
            return False
        return True

    async def _in_channel(self, place: Place, view: ui.LayoutView, files: Sequence[discord.File]) -> None:
        channel = self._client.get_partial_messageable(place.channel_id, guild_id=place.guild_id)
        message = channel.get_partial_message(place.message_id)
        await message.edit(view=view, attachments=files, allowed_mentions=NOBODY)
