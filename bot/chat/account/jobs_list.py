"""Jobs as lines of a list: what became of each, where it is, and what can still be done about it."""

from collections.abc import Mapping, Sequence
from typing import Any

from discord import ui

from bot.chat.access.permissions import NotModerator
from bot.chat.delivery.button_actions import Action
from bot.chat.delivery.job_buttons import JobButton
from bot.chat.interactions import Interaction
from bot.chat.members import member_of
from bot.chat.messages import address_of
from bot.chat.text import Text
from bot.chat.ui.card import credits_words, relative_timestamp
from bot.chat.ui.info_card import mention_or_unknown
from bot.chat.ui.labels import title_of
from bot.chat.ui.pagination import PageItem, PageRequest
from bot.jobs.history import JobHistory, PastJob
from bot.jobs.job import State
from bot.models import ModelCard

MINE, HERE = "jobs", "server"


class JobLists:
    def __init__(self, job_history: JobHistory, cards: Mapping[str, ModelCard], text: Text) -> None:
        self._job_history = job_history
        self._cards = cards
        self._text = text

    async def mine(self, interaction: Interaction, wish: PageRequest) -> Sequence[PageItem]:
        """A member's own, wherever they ordered them."""
        found = await self._job_history.of_member(
            interaction.user.id, before=wish.before, after=wish.after, limit=wish.limit
        )
        return [PageItem(job.number, self._line(job), self._button(job)) for job in found]

    async def here(self, interaction: Interaction, wish: PageRequest) -> Sequence[PageItem]:
        """Everybody's in this server, for its moderators."""
        guild_id = moderated_by(interaction)
        found = await self._job_history.of_server(
            guild_id, before=wish.before, after=wish.after, limit=wish.limit
        )
        return [PageItem(job.number, self._line(job, whose=True)) for job in found]

    def _line(self, job: PastJob, *, whose: bool = False) -> str:
        text = self._text
        title = f"**{title_of(job.slug, self._cards)}**"
        # Nobody but the member could ever see a hidden message, and no link leads to it.
        if not job.hidden:
            title = f"[{title}]({address_of(job)})"
        is_free = job.state.settled and job.state is not State.DONE
        facts: dict[str, Any] = {
            "title": title,
            "state": text("state.awaited" if job.is_awaited else f"state.{job.state.lower()}"),
            "price": text("jobs_list.free") if is_free else credits_words(job.price, text),
            "when": relative_timestamp(job.created_at),
        }
        if whose:
            return text("jobs_list.line_of", member=mention_or_unknown(job.user_id, text), **facts)
        return text("jobs_list.kept_line" if job.is_kept else "jobs_list.line", **facts)

    def _button(self, job: PastJob) -> ui.Item[Any] | None:
        if job.state is State.HELD:
            return JobButton(Action.CANCEL, job.user_id, job.id, self._text("buttons.cancel"))
        if job.is_kept:
            return JobButton(Action.SHOW, job.user_id, job.id, self._text("buttons.show"))
        return None


def moderated_by(interaction: Interaction) -> int:
    """The server that this member may look after."""
    guild_id = member_of(interaction).guild_id
    may = interaction.permissions
    if guild_id is None or not (may.manage_messages or may.manage_guild):
        raise NotModerator
    return guild_id
