"""Tells members by direct message that their avatar was used, if they want to know."""

import structlog

from bot.chat.delivery.job_buttons import Action, JobButton
from bot.chat.messages import DISCORD_ERRORS, send_direct
from bot.chat.shared import Shared
from bot.chat.text import speaking
from bot.chat.ui.info_card import InfoCard, mention_or_unknown
from bot.chat.ui.labels import jump_link, title_of
from bot.jobs.job import Job, State
from bot.jobs.ports import StoreUnavailable

log = structlog.stdlib.get_logger(__name__)


class AvatarNotices:
    """Sends a card with a link to the result and a button that removes it, in the background."""

    def __init__(self, shared: Shared) -> None:
        self._avatars = shared.store.avatars
        self._client = shared.client
        self._background = shared.background
        self._cards = shared.cards
        self._text = shared.text

    def tell(self, job: Job) -> None:
        """Tell the member whose avatar made this shown result, unless it is the one who ordered it."""
        shown = job.state is State.DONE and not job.is_kept_back
        if shown and job.avatar_of and job.avatar_of != job.place.user_id:
            self._background.spawn(self._tell(job, job.avatar_of))

    async def _tell(self, job: Job, owner: int) -> None:
        try:
            consent = await self._avatars.consent(owner, job.place.guild_id or 0)
            if consent is None or not consent.notify:
                return
            with speaking(consent.locale):
                card = self._card(job, owner)
            await send_direct(self._client, owner, card)
        except (*DISCORD_ERRORS, StoreUnavailable) as error:
            # `/privacy avatar uses` lists the use as well.
            log.info("member not notified about the use of their avatar", reason=type(error).__name__)

    def _card(self, job: Job, owner: int) -> InfoCard:
        text = self._text
        line = text(
            "avatar.used",
            member=mention_or_unknown(job.place.user_id, text),
            model=title_of(job.slug, self._cards),
            link=jump_link(job.place, text),
        )
        button = JobButton(Action.DELETE_FOR_GOOD, owner, job.id, text("avatar.remove"))
        return InfoCard(text("avatar.used_title"), [line], text, buttons=[button])
