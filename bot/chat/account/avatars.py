"""Members share their avatar in a server, take that back, and see and remove what was made with it."""

from collections.abc import Sequence

import structlog

from bot.chat.delivery.job_buttons import Action, JobButton
from bot.chat.interactions import Interaction
from bot.chat.members import member_of
from bot.chat.shared import Shared
from bot.chat.ui.card import GREEN, relative_timestamp
from bot.chat.ui.info_card import InfoCard, mention_or_unknown
from bot.chat.ui.labels import jump_link
from bot.chat.ui.pagination import PageItem, PageRequest
from bot.jobs.service import JobService, TooLate
from bot.moderation.avatars import AvatarConsent, AvatarUse

log = structlog.stdlib.get_logger(__name__)

AVATAR_USES = "avatar"


class NotInServer(Exception):
    """This works in servers that have the bot."""


class Avatars:
    """Answers `/privacy avatar`."""

    def __init__(self, shared: Shared, job_service: JobService) -> None:
        self._avatars = shared.store.avatars
        self._job_service = job_service
        self._text = shared.text

    async def share(self, interaction: Interaction, *, notify: bool) -> InfoCard:
        """Let the members of this server use the avatar; raise `NotInServer`."""
        consent = AvatarConsent(notify, str(interaction.locale))
        await self._avatars.give(interaction.user.id, _server_of(interaction), consent)
        log.info("avatar shared", user=interaction.user.id, guild=interaction.guild_id)
        note = "avatar.notified" if notify else "avatar.not_notified"
        return self._done("avatar.shared", note)

    async def withdraw(self, interaction: Interaction) -> InfoCard:
        """Withdraw the consent at once, also for orders under way; raise `NotInServer`.

        An order that was submitted already runs to its end, and its result is not shown to anybody.
        """
        waiting = await self._avatars.withdraw(interaction.user.id, _server_of(interaction))
        log.info("avatar sharing stopped", user=interaction.user.id, guild=interaction.guild_id)
        for job_id in waiting:
            await self._cancel(job_id)
        return self._done("avatar.withdrawn", "avatar.remains")

    async def uses(self, interaction: Interaction, page: PageRequest) -> Sequence[PageItem]:
        """Results of others with the member's avatar, from all servers."""
        owner = interaction.user.id
        found = await self._avatars.uses(owner, before=page.before, after=page.after, limit=page.limit)
        return [PageItem(int(use.job_id, 16), self._line(use), self._button(use, owner)) for use in found]

    async def _cancel(self, job_id: str) -> None:
        job = await self._job_service.find(job_id)
        if job is None:
            return
        try:
            await self._job_service.cancel(job)
        except TooLate:
            log.info("order with a withdrawn avatar was submitted already", job=job_id)

    def _line(self, use: AvatarUse) -> str:
        return self._text(
            "avatar.line",
            member=mention_or_unknown(use.user_id, self._text),
            when=relative_timestamp(use.created_at),
            link=jump_link(use, self._text),
        )

    def _button(self, use: AvatarUse, owner: int) -> JobButton:
        return JobButton(Action.DELETE_FOR_GOOD, owner, use.job_id, self._text("avatar.remove"))

    def _done(self, *keys: str) -> InfoCard:
        return InfoCard(self._text("admin.done"), [self._text(key) for key in keys], self._text, colour=GREEN)


def _server_of(interaction: Interaction) -> int:
    guild_id = member_of(interaction).guild_id
    if guild_id is None:
        raise NotInServer
    return guild_id
