"""Carries cards to Discord: into the message of a job, or to its member by another way."""

from collections.abc import Sequence

import aiohttp
import discord
from discord import ui

from bot.chat.ways import Refusal, Way, refusal
from bot.jobs.job import Place
from bot.jobs.ports import Clock

NOBODY = discord.AllowedMentions.none()

# Faults of the way to Discord, which a later try may not meet.
PASSING = (aiohttp.ClientError, OSError, TimeoutError, discord.DiscordServerError, discord.RateLimited)

# Unknown server, and one that the bot is not in.
NO_SERVER = frozenset({10004, 50001})


class Gone(Exception):
    """There is no message to edit, now or later."""


class Messages:
    def __init__(self, client: discord.Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def has_token(self, place: Place) -> bool:
        """Whether the token of the reply should still be good."""
        return self._clock.now() < place.token_until

    async def edit(self, place: Place, view: ui.LayoutView) -> None:
        """By the reply's token while it lives, then through the channel: what is worth no new message."""
        ways = [Way.WEBHOOK] if self.has_token(place) else []
        ways += [] if place.hidden else [Way.CHANNEL]
        for way in ways:
            try:
                return await self.put(way, place, view)
            except discord.HTTPException as error:
                match refusal(way, error.status, error.code, error.text, hidden=place.hidden):
                    case Refusal.CLOSED:
                        continue
                    case Refusal.GONE | Refusal.NO_ACCESS:
                        raise Gone(error.code) from error
                    case _:
                        raise
        raise Gone

    async def put(
        self,
        way: Way,
        place: Place,
        view: ui.LayoutView,
        files: Sequence[discord.File] = (),
        *,
        nonce: str = "",
    ) -> None:
        """One try on one way.

        A new message carries the nonce, with which discord.py has Discord enforce that there is only one: for
        some minutes, the same nonce of the same author gives back the first message instead of a second, so
        that a try whose answer was lost may be repeated. Discord does not promise for how many minutes, nor
        that it holds over several channels. After a longer pause, such as a bot that was killed between the
        message and its record and started much later, a second message is possible.
        """
        match way:
            case Way.WEBHOOK:
                webhook = discord.Webhook.partial(place.application_id, place.token, client=self._client)
                await webhook.edit_message(
                    place.message_id, view=view, attachments=files, allowed_mentions=NOBODY
                )
            case Way.CHANNEL:
                message = self._message(place)
                await message.edit(view=view, attachments=files, allowed_mentions=NOBODY)
            case Way.REPLY:
                message = self._message(place)
                # A message that was deleted is not replied to.
                original = message.to_reference(fail_if_not_exists=True)
                await message.channel.send(
                    view=view, files=files, reference=original, nonce=nonce, allowed_mentions=NOBODY
                )
            case Way.DIRECT:
                channel = await self._client.create_dm(discord.Object(place.user_id))
                await channel.send(view=view, files=files, nonce=nonce, allowed_mentions=NOBODY)

    async def knows(self, guild_id: int) -> bool:
        """Whether the bot is in this server. Asked, because one process of several hears of its own alone."""
        try:
            await self._client.fetch_guild(guild_id, with_counts=False)
        except discord.HTTPException as error:
            if error.code not in NO_SERVER:
                raise
            return False
        return True

    def _message(self, place: Place) -> discord.PartialMessage:
        channel = self._client.get_partial_messageable(place.channel_id, guild_id=place.guild_id)
        return channel.get_partial_message(place.message_id)
