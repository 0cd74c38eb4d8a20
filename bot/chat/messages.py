"""Carries cards to Discord: into the message of a job, or to its member by another way."""

from collections.abc import Awaitable, Callable, Sequence

import aiohttp
import discord
from discord import ui

from bot.chat.routes import DeliveryError, Route, classify
from bot.jobs.history import PastJob
from bot.jobs.job import Place
from bot.jobs.ports import Clock

NOBODY = discord.AllowedMentions.none()

# Faults of the way to Discord, which a later try may not meet.
PASSING = (aiohttp.ClientError, OSError, TimeoutError, discord.DiscordServerError, discord.RateLimited)

# Unknown server, and one that the bot is not in.
NO_SERVER = frozenset({10004, 50001})


# Unknown channel and unknown message: there is nothing left to delete.
NO_MESSAGE = frozenset({10003, 10008})


def address_of(there: Place | PastJob) -> str:
    """Where members find the message of a job."""
    return f"https://discord.com/channels/{there.guild_id or '@me'}/{there.channel_id}/{there.message_id}"


class Gone(Exception):
    """There is no message to edit, now or later."""


Posted = Callable[[str, int, int], Awaitable[None]]
"""Is told of a new message: of which job it is, in which channel, and its id."""


async def _forgotten(job_id: str, channel_id: int, message_id: int) -> None:
    del job_id, channel_id, message_id


class Messages:
    def __init__(self, client: discord.Client, clock: Clock, posted: Posted = _forgotten) -> None:
        self._client = client
        self._clock = clock
        self._posted = posted

    def has_token(self, place: Place) -> bool:
        """Whether the token of the reply should still be good."""
        return self._clock.now() < place.token_until

    async def edit(self, place: Place, view: ui.LayoutView) -> None:
        """By the reply's token while it lives, then through the channel: what is worth no new message."""
        ways = [Route.WEBHOOK] if self.has_token(place) else []
        ways += [] if place.hidden else [Route.CHANNEL]
        for way in ways:
            try:
                return await self.put(way, place, view)
            except discord.HTTPException as error:
                match classify(way, error.status, error.code, error.text, hidden=place.hidden):
                    case DeliveryError.CLOSED:
                        continue
                    case DeliveryError.GONE | DeliveryError.NO_ACCESS:
                        raise Gone(error.code) from error
                    case _:
                        raise
        raise Gone

    async def put(
        self,
        way: Route,
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
            case Route.WEBHOOK:
                webhook = discord.Webhook.partial(place.application_id, place.token, client=self._client)
                await webhook.edit_message(
                    place.message_id, view=view, attachments=files, allowed_mentions=NOBODY
                )
            case Route.CHANNEL:
                message = self._message(place)
                await message.edit(view=view, attachments=files, allowed_mentions=NOBODY)
            case Route.REPLY:
                message = self._message(place)
                # A message that was deleted is not replied to.
                original = message.to_reference(fail_if_not_exists=True)
                sent = await message.channel.send(
                    view=view, files=files, reference=original, nonce=nonce, allowed_mentions=NOBODY
                )
                await self._posted(nonce, sent.channel.id, sent.id)
            case Route.DIRECT:
                channel = await self._client.create_dm(discord.Object(place.user_id))
                sent = await channel.send(view=view, files=files, nonce=nonce, allowed_mentions=NOBODY)
                await self._posted(nonce, sent.channel.id, sent.id)

    async def delete(self, place: Place) -> bool:
        """Whether the message of a job is gone: taken away now, or earlier."""
        if self.has_token(place):
            webhook = discord.Webhook.partial(place.application_id, place.token, client=self._client)
            if await _gone(lambda: webhook.delete_message(place.message_id)):
                return True
        return not place.hidden and await self.delete_post(place.channel_id, place.message_id)

    async def delete_post(self, channel_id: int, message_id: int) -> bool:
        channel = self._client.get_partial_messageable(channel_id)
        return await _gone(channel.get_partial_message(message_id).delete)

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


async def _gone(delete: Callable[[], Awaitable[None]]) -> bool:
    try:
        await delete()
    except discord.NotFound as error:
        return error.code in NO_MESSAGE
    except (discord.HTTPException, *PASSING):
        return False
    return True
