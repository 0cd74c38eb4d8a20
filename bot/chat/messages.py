"""Sends cards to Discord: into the message of a job, or to its member by another route."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Protocol

import aiohttp
import discord
from discord import ui

from bot.chat.routes import DeliveryError, Route, classify
from bot.jobs.job import Place
from bot.jobs.ports import Clock

NOBODY = discord.AllowedMentions.none()

# Temporary failures of a request to Discord.
PASSING = (aiohttp.ClientError, OSError, TimeoutError, discord.DiscordServerError, discord.RateLimited)

# All failures of a request to Discord, temporary or permanent.
DISCORD_ERRORS = (discord.HTTPException, aiohttp.ClientError, OSError)

# Unknown server, and a server without the bot.
NO_SERVER = frozenset({10004, 50001})

# Unknown channel and unknown message, where nothing is left to delete.
NO_MESSAGE = frozenset({10003, 10008})


class MessagePlace(Protocol):
    """Place of a message."""

    @property
    def guild_id(self) -> int | None: ...
    @property
    def channel_id(self) -> int: ...
    @property
    def message_id(self) -> int: ...


def address_of(there: MessagePlace) -> str:
    """Link to the message of a job."""
    return link_to(there.guild_id, there.channel_id, there.message_id)


def link_to(guild_id: int | None, channel_id: int, message_id: int) -> str:
    """Link to a message of the bot."""
    return f"https://discord.com/channels/{guild_id or '@me'}/{channel_id}/{message_id}"


async def send_direct(
    client: discord.Client, user_id: int, view: ui.LayoutView, files: Sequence[discord.File] = ()
) -> discord.Message:
    """Send a direct message; raises one of `DISCORD_ERRORS`, for closed direct messages as well."""
    channel = await client.create_dm(discord.Object(user_id))
    return await channel.send(view=view, files=files, allowed_mentions=NOBODY)


class MessageGone(Exception):
    """The message was deleted or closed to the bot, so no later attempt can edit it."""


class Posts(Protocol):
    """Record of the messages that were sent for jobs, besides their own replies."""

    async def keep_post(self, job_id: str, channel_id: int, message_id: int) -> None: ...

    async def posts_of(self, job_id: str) -> Sequence[tuple[int, int]]:
        """Return the channel and message ids of a job's messages."""
        ...


class Messages:
    """Sends, edits and deletes the messages of jobs."""

    def __init__(self, client: discord.Client, clock: Clock, posts: Posts) -> None:
        self._client = client
        self._clock = clock
        self._posts = posts

    def has_token(self, place: Place) -> bool:
        """Return whether the token of the reply should still be valid."""
        return self._clock.now() < place.token_until

    async def attached(self, route: Route, place: Place) -> Sequence[discord.Attachment]:
        """Return the files of a job's message."""
        if route is Route.WEBHOOK:
            webhook = discord.Webhook.partial(place.application_id, place.token, client=self._client)
            return (await webhook.fetch_message(place.message_id)).attachments
        return (await self._message(place).fetch()).attachments

    async def edit(self, place: Place, view: ui.LayoutView) -> None:
        """Edit by the reply's token while it lasts, then through the channel; never send a new message."""
        await self.edit_with(place, partial(self.try_route, place=place, view=view))

    async def edit_with(self, place: Place, attempt: Callable[[Route], Awaitable[None]]) -> None:
        """Edit as `edit` does, by a function that makes one attempt on a route."""
        routes = [Route.WEBHOOK] if self.has_token(place) else []
        routes += [] if place.hidden else [Route.CHANNEL]
        for route in routes:
            try:
                return await attempt(route)
            except discord.HTTPException as error:
                match classify(route, error.status, error.code, error.text, hidden=place.hidden):
                    case DeliveryError.CLOSED:
                        continue
                    case DeliveryError.GONE | DeliveryError.NO_ACCESS:
                        raise MessageGone(error.code) from error
                    case _:
                        raise
        raise MessageGone

    async def try_route(
        self,
        route: Route,
        place: Place,
        view: ui.LayoutView,
        files: Sequence[discord.File] = (),
        *,
        nonce: str = "",
        kept: Sequence[discord.Attachment] = (),
    ) -> None:
        """Make one attempt on one route. An edit leaves the `kept` files of the message where they are.

        A new message is recorded for its job, whose id is the nonce, and later attempts edit it. It also
        carries the nonce, and discord.py asks Discord to enforce it: for some minutes, Discord answers a
        second message with the same nonce by the first one, so an attempt whose response was lost can be
        repeated. Discord does not document for how many minutes, nor whether this holds across channels. If
        the bot is killed between sending and recording a message and starts much later, a second message is
        possible.
        """
        match route:
            case Route.WEBHOOK:
                webhook = discord.Webhook.partial(place.application_id, place.token, client=self._client)
                await webhook.edit_message(
                    place.message_id, view=view, attachments=[*kept, *files], allowed_mentions=NOBODY
                )
            case Route.CHANNEL:
                message = self._message(place)
                await message.edit(view=view, attachments=[*kept, *files], allowed_mentions=NOBODY)
            case Route.REPLY:
                message = self._message(place)
                # Discord then rejects a reply to a deleted message.
                original = message.to_reference(fail_if_not_exists=True)
                send = partial(message.channel.send, reference=original)
                await self._send_once(nonce, place.channel_id, send, view, files)
            case Route.DIRECT:
                channel = await self._client.create_dm(discord.Object(place.user_id))
                await self._send_once(nonce, channel.id, channel.send, view, files)

    async def _send_once(
        self,
        job_id: str,
        channel_id: int,
        send: Callable[..., Coroutine[Any, Any, discord.Message]],
        view: ui.LayoutView,
        files: Sequence[discord.File],
    ) -> None:
        """Send a new message, or edit the one that an attempt before a crash has sent there."""
        for posted_in, message_id in await self._posts.posts_of(job_id):
            if posted_in == channel_id:
                channel = self._client.get_partial_messageable(channel_id)
                sent_before = channel.get_partial_message(message_id)
                await sent_before.edit(view=view, attachments=files, allowed_mentions=NOBODY)
                return
        sent = await send(view=view, files=files, nonce=job_id, allowed_mentions=NOBODY)
        await self._posts.keep_post(job_id, sent.channel.id, sent.id)

    async def delete(self, place: Place) -> bool:
        """Delete the message of a job; return whether it is gone."""
        if self.has_token(place):
            webhook = discord.Webhook.partial(place.application_id, place.token, client=self._client)
            if await _is_gone_after(lambda: webhook.delete_message(place.message_id)):
                return True
        return not place.hidden and await self.delete_post(place.channel_id, place.message_id)

    async def delete_post(self, channel_id: int, message_id: int) -> bool:
        channel = self._client.get_partial_messageable(channel_id)
        return await _is_gone_after(channel.get_partial_message(message_id).delete)

    async def redraw_post(self, channel_id: int, message_id: int, view: ui.LayoutView) -> bool:
        """Replace a message and its files with a card; return whether it no longer shows them."""
        message = self._client.get_partial_messageable(channel_id).get_partial_message(message_id)

        async def redraw() -> None:
            await message.edit(view=view, attachments=[], allowed_mentions=NOBODY)

        return await _is_gone_after(redraw)

    async def knows(self, guild_id: int) -> bool:
        """Return whether the bot is in this server.

        This asks Discord, because a process only knows the servers of its own shards.
        """
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


async def _is_gone_after(remove: Callable[[], Awaitable[None]]) -> bool:
    try:
        await remove()
    except discord.NotFound as error:
        return error.code in NO_MESSAGE
    except (discord.HTTPException, *PASSING):
        return False
    return True
