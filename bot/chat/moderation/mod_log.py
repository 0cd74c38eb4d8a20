"""Log of finished jobs for moderators, in a channel of their server."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

import discord
import structlog

from bot.chat.delivery.result_file import MIN_UPLOAD_LIMIT, Result, Results
from bot.chat.messages import NOBODY, PASSING
from bot.chat.shared import Shared
from bot.chat.text import speaking
from bot.chat.ui.card import DARK
from bot.chat.ui.info_card import InfoCard, mention_or_unknown
from bot.chat.ui.labels import jump_link, title_of
from bot.chat.ui.states import state_of
from bot.jobs.job import Job, State, short_id
from bot.jobs.ports import StoreUnavailable
from bot.media.fingerprints import Fingerprint

log = structlog.stdlib.get_logger(__name__)

# Characters that are shown of a fingerprint, enough to see that two files are the same.
FINGERPRINT = 8


class ModLog:
    """Writes each finished job to the log channel of its server, if the server has one.

    An entry is on record as owed from before the delivery until it is posted, so neither a stop nor a crash
    loses it. `OwedLogEntries` posts it then; if the crash came right after the post, the log has it twice.
    """

    def __init__(self, shared: Shared, results: Results) -> None:
        self._rules = shared.store
        self._moderation_store = shared.store.moderation
        self._results = results
        self._client = shared.client
        self._messages = shared.messages
        self._background = shared.background
        self._cards = shared.cards
        self._text = shared.text
        # Jobs whose entry is being posted: Discord's limits may make one wait for long.
        self._posting: set[str] = set()

    async def owe(self, job: Job) -> None:
        """Put on record that the log is owed an entry about a job that is about to be delivered."""
        if _is_logged(job) and (await self._rules.rules(job.place.guild_id or 0)).log_channel is not None:
            await self._moderation_store.owe_log_entry(job.id)

    def record(self, job: Job, content: bytes | None) -> None:
        """Post the entry in the background."""
        if _is_logged(job):
            self._background.spawn(self.post(job, partial(self._prepare, job, content)))

    async def post(self, job: Job, prepare: Callable[[], Awaitable[Result | None]]) -> None:
        """Post the entry, with the picture that `prepare` makes if the log shows pictures."""
        if job.id in self._posting:
            return
        self._posting.add(job.id)
        try:
            await self._send(job, prepare)
            await self._moderation_store.forget_owed_log_entry(job.id)
        except (*PASSING, StoreUnavailable) as error:
            log.info("finished job not logged yet", job=job.id, reason=type(error).__name__)
        finally:
            self._posting.discard(job.id)

    async def _prepare(self, job: Job, content: bytes | None) -> Result | None:
        return None if content is None else await self._results.prepare(job, content, MIN_UPLOAD_LIMIT)

    async def _send(self, job: Job, prepare: Callable[[], Awaitable[Result | None]]) -> None:
        rules = await self._rules.rules(job.place.guild_id or 0)
        if rules.log_channel is None:
            return
        result = await prepare() if rules.log_pictures else None
        fingerprints = await self._moderation_store.fingerprints_of(job.id)
        channel = self._client.get_partial_messageable(rules.log_channel, guild_id=job.place.guild_id)
        try:
            sent = await channel.send(
                view=self._entry(job, fingerprints, result),
                files=[] if result is None else [result.file()],
                nonce=f"log{job.id}"[:25],
                allowed_mentions=NOBODY,
            )
        except discord.HTTPException as error:
            if isinstance(error, PASSING):
                raise
            # The channel is gone or closed to the bot: another attempt would be rejected, too.
            log.warning("finished job not logged", job=job.id, code=error.code)
            return
        if result is None:
            return
        await self._moderation_store.keep_log_entry(job.id, rules.log_channel, sent.id)
        if await self._moderation_store.is_taken_down(job.id):
            # Somebody removed the result meanwhile, before this entry was on record.
            await self.remove_picture(job)

    async def remove_picture(self, job: Job) -> Sequence[tuple[int, int]]:
        """Take the picture of a removed result off the log; return the entries that could not be edited.

        The entry itself stays, so that a member who deletes a result does not delete the moderators' record.
        """
        left: list[tuple[int, int]] = []
        for channel_id, message_id in await self._moderation_store.log_entries_of(job.id):
            fingerprints = await self._moderation_store.fingerprints_of(job.id)
            view = self._entry(job, fingerprints, None, removed=True)
            if await self._messages.redraw_post(channel_id, message_id, view):
                await self._moderation_store.forget_post(message_id)
            else:
                left.append((channel_id, message_id))
        return left

    def _entry(
        self,
        job: Job,
        fingerprints: Mapping[str, Fingerprint],
        result: Result | None,
        *,
        removed: bool = False,
    ) -> InfoCard:
        text = self._text
        guild = self._client.get_guild(job.place.guild_id or 0)
        with speaking("" if guild is None else str(guild.preferred_locale)):
            reason = None if removed else job.reason
            user, outcome = job.place.user_id, state_of(job.state, reason).label(text)
            member = mention_or_unknown(user, text)
            lines = [text("log.job", member=member, user=user, outcome=outcome, job=short_id(job.id))]
            if removed:
                lines.append(text("log.removed"))
            elif not job.place.hidden:
                lines.append(jump_link(job.place, text))
            small = [f"{part} `{each.exact[:FINGERPRINT]}`" for part, each in fingerprints.items()]
            title = title_of(job.slug, self._cards)
            pictures = [] if result is None else [result]
            return InfoCard(title, lines, text, small=small, pictures=pictures, colour=DARK)


def _is_logged(job: Job) -> bool:
    return job.place.guild_id is not None and job.state is not State.CANCELLED
