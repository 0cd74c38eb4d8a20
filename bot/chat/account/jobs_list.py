"""Lists of jobs: state, price and link of each, and a button to cancel it or show its result."""

from collections.abc import Sequence
from typing import Any

from discord import ui

from bot.chat.access.permissions import NotModerator
from bot.chat.delivery.job_buttons import Action, JobButton
from bot.chat.interactions import Interaction
from bot.chat.members import member_of, server_permissions
from bot.chat.messages import address_of
from bot.chat.shared import Shared
from bot.chat.ui.card import credits_words, relative_timestamp
from bot.chat.ui.info_card import mention_or_unknown
from bot.chat.ui.labels import title_of
from bot.chat.ui.pagination import PageItem, PageRequest
from bot.chat.ui.states import state_of
from bot.jobs.history import PastJob
from bot.jobs.job import State

MEMBER_LIST, SERVER_LIST = "jobs", "server"


class JobLists:
    """Reads the jobs of a member or of a server, page by page."""

    def __init__(self, shared: Shared) -> None:
        self._job_history = shared.store.job_history
        self._cards = shared.cards
        self._text = shared.text

    async def of_member(self, interaction: Interaction, page: PageRequest) -> Sequence[PageItem]:
        """Jobs of the member who asks, from every server and from direct messages."""
        found = await self._job_history.of_member(
            interaction.user.id, before=page.before, after=page.after, limit=page.limit
        )
        return [PageItem(job.number, self._line(job), self._button(job)) for job in found]

    async def of_server(self, interaction: Interaction, page: PageRequest) -> Sequence[PageItem]:
        """Jobs of all members of this server, for its moderators."""
        guild_id = moderated_guild(interaction)
        found = await self._job_history.of_server(
            guild_id, before=page.before, after=page.after, limit=page.limit
        )
        return [PageItem(job.number, self._line(job, with_member=True)) for job in found]

    def _line(self, job: PastJob, *, with_member: bool = False) -> str:
        text = self._text
        title = f"**{title_of(job.slug, self._cards)}**"
        # Discord has no links to ephemeral messages.
        if not job.hidden:
            title = f"[{title}]({address_of(job)})"
        refunded = job.reason is not None and job.reason.is_refunded
        is_free = refunded or (job.state.settled and job.state is not State.DONE)
        facts: dict[str, Any] = {
            "title": title,
            "state": state_of(job.state, job.reason).label(text),
            "price": text("jobs_list.free") if is_free else credits_words(job.price, text),
            "when": relative_timestamp(job.created_at),
        }
        if with_member:
            return text("jobs_list.line_of", member=mention_or_unknown(job.user_id, text), **facts)
        return text("jobs_list.kept_line" if job.is_kept else "jobs_list.line", **facts)

    def _button(self, job: PastJob) -> ui.Item[Any] | None:
        if job.state is State.HELD:
            return JobButton(Action.CANCEL, job.user_id, job.id, self._text("buttons.cancel"))
        if job.is_kept:
            return JobButton(Action.SHOW, job.user_id, job.id, self._text("buttons.show"))
        return None


def moderated_guild(interaction: Interaction) -> int:
    """Return the server of the interaction if its member moderates it, or raise `NotModerator`."""
    guild_id = member_of(interaction).guild_id
    permissions = server_permissions(interaction)
    if guild_id is None or not (permissions.manage_messages or permissions.manage_guild):
        raise NotModerator
    return guild_id
