"""What is offered while an administrator types: jobs and models, found by any word of theirs."""

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
from bot.models import ModelCard

log = structlog.stdlib.get_logger(__name__)

Choice = app_commands.Choice[str]

# Discord's own bounds.
CHOICES, NAME_LIMIT = 25, 100
# So many jobs are looked through, which is as many members as the gateway names at once.
LOOKED_THROUGH = 100
MEMBER_LIMIT = 24
REMEMBERED = 10_000
# Discord wants the choices within three seconds.
PATIENCE = 1.5


class ChannelTransformer(app_commands.Transformer):
    """A channel in which, or in whose threads, commands are typed.

    discord.py would name media channels beside forums, which Discord's own description does not know.
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
    """What members are called in their server. Without the privileged intent nobody tells, so it is asked."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, int], str] = OrderedDict()

    async def of(self, guild: discord.Guild | None, users: Collection[int]) -> Mapping[int, str]:
        """Those that are found out in time."""
        if guild is None:
            return {}
        if missing := [user for user in users if (guild.id, user) not in self._known]:
            await self._ask(guild, missing)
        return {user: self._known[guild.id, user] for user in users if (guild.id, user) in self._known}

    async def _ask(self, guild: discord.Guild, users: list[int]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                found = await guild.query_members(user_ids=users, limit=len(users), cache=False)
        except (TimeoutError, discord.DiscordException) as error:
            log.info("names of members could not be had", error=type(error).__name__)
            return
        for member in found:
            self._known[guild.id, member.id] = member.display_name
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def job_choices(
    jobs: Iterable[JobSummary],
    names: Mapping[int, str],
    cards: Mapping[str, ModelCard],
    typed: str,
    text: Text,
) -> list[Choice]:
    offered = [Choice(name=_job_name(job, names, cards, text), value=job.id) for job in jobs]
    return _found(offered, typed)


def model_choices(cards: Mapping[str, ModelCard], typed: str) -> list[Choice]:
    offered = [Choice(name=f"{card.title} · {slug}"[:NAME_LIMIT], value=slug) for slug, card in cards.items()]
    return _found(offered, typed)


def _job_name(job: JobSummary, names: Mapping[int, str], cards: Mapping[str, ModelCard], text: Text) -> str:
    member = sanitize(names.get(job.user_id, str(job.user_id)), MEMBER_LIMIT)
    state = text(f"state.{job.state.lower()}")
    name = f"{title_of(job.slug, cards)} · {member} · {state} · {job.id}"
    return name[-NAME_LIMIT:]


def _found(offered: list[Choice], typed: str) -> list[Choice]:
    """Every word that was typed has to be found somewhere."""
    words = typed.casefold().split()
    return [choice for choice in offered if all(word in choice.name.casefold() for word in words)][:CHOICES]
