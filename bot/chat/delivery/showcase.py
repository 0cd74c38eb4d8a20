"""Showcase: a channel of the server in which members show results that they want others to see."""

from collections.abc import Sequence
from typing import Any

import discord
import structlog
from discord import ui

from bot.chat.delivery.job_buttons import Action, button
from bot.chat.interactions import Interaction
from bot.chat.messages import NOBODY
from bot.chat.shared import Shared
from bot.chat.text import speaking
from bot.chat.ui.card import BLUE, note_card
from bot.chat.ui.info_card import mention
from bot.chat.ui.labels import jump_to, title_of
from bot.chat.ui.replies import defer_ephemeral, send_deferred
from bot.jobs.job import Job, State

log = structlog.stdlib.get_logger(__name__)


class NoShowcase(Exception):
    """This server has no showcase."""


class ShowcaseClosed(Exception):
    """The bot may not post in the showcase."""


class AlreadyShared(Exception):
    """The result is already in the showcase."""


class NotShareable(Exception):
    """The result is hidden, kept back, removed, or made with the avatar of another member."""


def is_shareable(job: Job) -> bool:
    """Return True if others see the result already, with nobody's avatar but the member's own."""
    shown = job.state is State.DONE and not job.is_kept_back and job.batch is None
    is_public = job.place.guild_id is not None and not (job.place.hidden or job.place.direct)
    return shown and is_public and job.avatar_of in {None, job.place.user_id}


class Showcase:
    """Copies results into the showcase of their server, and removes them from it."""

    def __init__(self, shared: Shared) -> None:
        self._rules = shared.store
        self._posts = shared.store.moderation
        self._messages = shared.messages
        self._client = shared.client
        self._cards = shared.cards
        self._text = shared.text
        self._sharing: set[str] = set()

    async def share(self, interaction: Interaction, job: Job) -> None:
        """Post the result in the showcase, once."""
        await defer_ephemeral(interaction)
        if job.id in self._sharing:
            raise AlreadyShared
        self._sharing.add(job.id)
        try:
            await self._share(interaction, job)
        finally:
            self._sharing.discard(job.id)

    async def _share(self, interaction: Interaction, job: Job) -> None:
        channel_id = (await self._rules.rules(job.place.guild_id or 0)).showcase
        if channel_id is None:
            raise NoShowcase
        if not is_shareable(job) or await self._posts.is_taken_down(job.id):
            raise NotShareable
        if any(posted_in == channel_id for posted_in, _ in await self._posts.posts_of(job.id)):
            raise AlreadyShared
        # The card also has the original, which is not the member's to share.
        shown = [] if interaction.message is None else interaction.message.attachments
        result, spoiler = f"{job.slug}-{job.id}", job.place.spoiler
        files = [await each.to_file(spoiler=spoiler) for each in shown if result in each.filename]
        if not files:
            raise NotShareable
        try:
            sent = await self._send(channel_id, job, files)
        except discord.Forbidden as error:
            raise ShowcaseClosed from error
        await self._posts.keep_post(job.id, channel_id, sent.id)
        if await self._posts.is_taken_down(job.id):
            # Somebody removed the result meanwhile, before this message was on record.
            await self._messages.delete_post(channel_id, sent.id)
            raise NotShareable
        log.info("result shared", job=job.id, guild=job.place.guild_id)
        link = jump_to(sent.jump_url, self._text)
        await send_deferred(interaction, note_card(self._text("showcase.shared", link=link)))

    async def _send(self, channel_id: int, job: Job, files: Sequence[discord.File]) -> discord.Message:
        channel = self._client.get_partial_messageable(channel_id, guild_id=job.place.guild_id)
        guild = self._client.get_guild(job.place.guild_id or 0)
        with speaking("" if guild is None else str(guild.preferred_locale)):
            view = self._view(job, files)
        # Discord answers a second message with the same nonce by the first one.
        return await channel.send(view=view, files=files, nonce=f"{job.id}s"[:25], allowed_mentions=NOBODY)

    def _view(self, job: Job, files: Sequence[discord.File]) -> ui.LayoutView:
        text, title = self._text, title_of(job.slug, self._cards)
        line = text("showcase.by", member=mention(job.place.user_id), model=title)
        shown = [
            discord.MediaGalleryItem(
                f"attachment://{file.filename}", description=file.description, spoiler=file.spoiler
            )
            for file in files
        ]
        buttons: list[ui.Item[Any]] = [button(each, job, text) for each in (Action.UNSHARE, Action.REPORT)]
        box: ui.Container[Any] = ui.Container(
            ui.TextDisplay(line),
            ui.MediaGallery(*shown),
            ui.TextDisplay("-# " + text("showcase.marked")),
            ui.ActionRow(*buttons),
            accent_colour=BLUE,
        )
        view = ui.LayoutView(timeout=None)
        view.add_item(box)
        return view

    async def unshare(self, interaction: Interaction, job_id: str) -> None:
        """Delete the message in the showcase; the result stays where it was ordered."""
        await interaction.response.defer()
        message = interaction.message
        if message is not None and await self._messages.delete_post(message.channel.id, message.id):
            await self._posts.forget_post(message.id)
            log.info("result removed from the showcase", job=job_id)
        await interaction.followup.send(view=note_card(self._text("showcase.unshared")), ephemeral=True)
