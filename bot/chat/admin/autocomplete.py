"""Autocompletion for administrators: jobs and models that contain every typed word."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import discord
import structlog
from discord import app_commands

from bot.administration.credits import JobSummary
from bot.chat.text import Text
from bot.chat.ui.info_card import sanitize
from bot.chat.ui.labels import title_of
from bot.chat.ui.states import state_of
from bot.jobs.job import short_id
from bot.models import ModelCard

log = structlog.stdlib.get_logger(__name__)

Choice = app_commands.Choice[str]

# Discord's limits.
CHOICES, NAME_LIMIT = 25, 100
# Jobs to search, newest first. The gateway returns at most 100 members at once.
MAX_SEARCHED_JOBS = 100
_MAX_MEMBER_NAME = 24
_CACHE_SIZE = 10_000
# Seconds to wait for the gateway: Discord expects the choices within three seconds.
_QUERY_TIMEOUT = 1.5


class ChannelTransformer(app_commands.Transformer):
    """Option for a channel in which, or in whose threads, members use commands.

    discord.py's own annotation for forums also adds media channels, which Discord's API does not document.
    """

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        kinds = discord.ChannelType
        return [kinds.text, kinds.news, kinds.voice, kinds.stage_voice, kinds.forum]

    async def transform(self, interaction: Any, value: Any, /) -> app_commands.AppCommandChannel:
        del interaction
        return value


class MemberNames:
    """Cache of display names. Without the privileged intent, the bot has to query the gateway for them."""

    def __init__(self) -> None:
        self._names: OrderedDict[tuple[int, int], str] = OrderedDict()

    async def display_names(self, guild: discord.Guild | None, users: Collection[int]) -> Mapping[int, str]:
        """Return the names that are known or arrive in time."""
        if guild is None:
            return {}
        if missing := [user for user in users if (guild.id, user) not in self._names]:
            await self._query(guild, missing)
        return {user: self._names[guild.id, user] for user in users if (guild.id, user) in self._names}

    async def _query(self, guild: discord.Guild, users: list[int]) -> None:
        try:
            async with asyncio.timeout(_QUERY_TIMEOUT):
                found = await guild.query_members(user_ids=users, limit=len(users), cache=False)
        except (TimeoutError, discord.DiscordException) as error:
            log.info("member names not loaded", error=type(error).__name__)
            return
        for member in found:
            self._names[guild.id, member.id] = member.display_name
        while len(self._names) > _CACHE_SIZE:
            self._names.popitem(last=False)


def job_choices(
    jobs: Iterable[JobSummary],
    names: Mapping[int, str],
    cards: Mapping[str, ModelCard],
    typed: str,
    text: Text,
) -> list[Choice]:
    offered = [Choice(name=_job_name(job, names, cards, text), value=job.id) for job in jobs]
    return _matching(offered, typed)


def model_choices(cards: Mapping[str, ModelCard], typed: str) -> list[Choice]:
    offered = [Choice(name=f"{card.title} · {slug}"[:NAME_LIMIT], value=slug) for slug, card in cards.items()]
    return _matching(offered, typed)


def _job_name(job: JobSummary, names: Mapping[int, str], cards: Mapping[str, ModelCard], text: Text) -> str:
    member = sanitize(names.get(job.user_id, str(job.user_id)), _MAX_MEMBER_NAME)
    state = state_of(job.state).label(text)
    name = f"{title_of(job.slug, cards)} · {member} · {state} · {short_id(job.id)}"
    return name[-NAME_LIMIT:]


def _matching(offered: list[Choice], typed: str) -> list[Choice]:
    """Keep the choices that contain every typed word."""
    words = typed.casefold().split()
    return [choice for choice in offered if all(word in choice.name.casefold() for word in words)][:CHOICES]
