"""The moderators' loop: a report opens a case, and its buttons remove, block, refund, dismiss and list."""

from collections.abc import Callable, Collection, Mapping, Sequence

import aiohttp
import discord
import structlog
from discord import ui

from bot.administration.access import AccessAdmin
from bot.administration.audit import Administrator, AuditAction, UnknownJob, audit_entry_of
from bot.administration.credits import Archive, CreditAdmin
from bot.chat.access.permissions import require_moderator
from bot.chat.interactions import Interaction
from bot.chat.messages import NOBODY, Messages
from bot.chat.moderation.case_card import CaseButton, case_card, case_line
from bot.chat.text import Text, speaking
from bot.chat.ui.card import GREEN, error_card
from bot.chat.ui.info_card import InfoCard
from bot.chat.ui.pagination import PageItem, PageRequest
from bot.chat.ui.replies import defer_ephemeral, send_deferred
from bot.jobs.job import Job
from bot.ledger.ledger import AlreadyRefunded
from bot.models import ModelCard
from bot.moderation.approvals import server_of
from bot.moderation.cases import Case, CaseRepository, Step
from bot.moderation.ports import ModerationStore, ServerRulesReader

log = structlog.stdlib.get_logger(__name__)

PASSING = (discord.HTTPException, aiohttp.ClientError, OSError)


class CaseService:
    def __init__(
        self,
        book: CaseRepository,
        register: ModerationStore,
        *,
        archive: Archive,
        rules: ServerRulesReader,
        access_admin: AccessAdmin,
        credit_admin: CreditAdmin,
        messages: Messages,
        client: discord.Client,
        operators: Collection[int],
        open_reports: int,
        tell_operators: Callable[[Callable[[], ui.LayoutView]], None],
        cards: Mapping[str, ModelCard],
        text: Text,
    ) -> None:
        self._book = book
        self._register = register
        self._archive = archive
        self._rules = rules
        self._access_admin = access_admin
        self._credit_admin = credit_admin
        self._messages = messages
        self._client = client
        self._operators = operators
        self._open_reports = open_reports
        self._tell_operators = tell_operators
        self._cards = cards
        self._text = text

    async def report(self, interaction: Interaction, job_id: str) -> None:
        """Somebody objects to a result: the moderators of its server hear of it, or else the operator."""
        if not interaction.response.is_done():
            await defer_ephemeral(interaction)
        job = await self._job(job_id)
        guild_id = server_of(job)
        case, new = await self._book.open(job.id, guild_id, interaction.user.id, most=self._open_reports)
        if new:
            log.info("a job was reported", case=case.number, job=job.id, guild=guild_id)
            await self._bring_before_someone(case, job, str(interaction.guild_locale or ""))
        thanks = self._text("cases.thanks") if new else self._text("cases.known")
        await send_deferred(
            interaction, InfoCard(self._text("cases.received"), [thanks], self._text, colour=GREEN)
        )

    async def remove(self, interaction: Interaction, job_id: str) -> None:
        """Whoever ordered a job takes it back, or a moderator takes it away."""
        if not interaction.response.is_done():
            await interaction.response.defer()
        job = await self._job(job_id)
        if interaction.user.id == job.place.user_id:
            left = await self._take_away(job, str(interaction.user.id), interaction)
        else:
            by = require_moderator(interaction, server_of(job), self._operators)
            left = await self._take_away(job, str(by.user_id), interaction)
            await self._note(by, AuditAction.REMOVE, job)
        words = self._text("cases.left", count=left) if left else self._text("cases.gone")
        await interaction.followup.send(view=error_card(words), ephemeral=True)

    async def press(self, interaction: Interaction, button: CaseButton) -> None:
        # What is to be deleted may be a message of some age, and Discord waits for three seconds.
        await interaction.response.defer()
        await self.act(interaction, button.number, button.step)

    async def act(self, interaction: Interaction, number: int, step: Step) -> None:
        """A button of a case was pressed, and Discord has been told that it was heard."""
        case = await self._book.find(number)
        if case is None:
            raise UnknownJob
        by = require_moderator(interaction, case.guild_id, self._operators, refunds=step is Step.REFUND)
        if step not in case.remaining_steps:
            await self._redraw(interaction, case)
            return
        await self._do(interaction, case, step, by)
        case = await self._book.step(number, step, by.user_id)
        await self._redraw(interaction, case)

    async def open_cases(self, guild_id: int, wish: PageRequest) -> Sequence[PageItem]:
        """Those of a server with which nobody has dealt, as lines that lead to their cards."""
        found = await self._book.open_in(guild_id, before=wish.before, after=wish.after, limit=wish.limit)
        return [PageItem(case.number, case_line(case, self._text)) for case in found]

    async def is_down(self, job_id: str) -> bool:
        return await self._register.is_down(job_id)

    async def pass_on(self, case: Case) -> None:
        """Nobody has dealt with it in time: now it is the operator's."""
        job = await self._archive.find(case.job_id)
        self._tell_operators(lambda: case_card(case, job, self._cards, self._text))

    async def _do(self, interaction: Interaction, case: Case, step: Step, by: Administrator) -> None:
        job = await self._job(case.job_id)
        match step:
            case Step.REMOVE:
                left = await self._take_away(job, str(by.user_id), interaction)
                await self._note(by, AuditAction.REMOVE, job)
                if left:
                    words = error_card(self._text("cases.left", count=left))
                    await interaction.followup.send(view=words, ephemeral=True)
            case Step.NEVER:
                fingerprints = await self._register.fingerprints_of(job.id)
                # A moderator decides for their own server, the operator for all of them.
                guild_id = None if by.user_id in self._operators else case.guild_id
                await self._register.list_fingerprints(list(fingerprints.values()), guild_id, job.id)
                await self._note(by, AuditAction.NEVER, job)
            case Step.BLOCK:
                if not job.place.user_id:
                    # The member had everything about them deleted.
                    raise UnknownJob
                await self._access_admin.block(by, job.place.user_id)
            case Step.REFUND:
                await self._refund(by, job)
            case Step.DISMISS:
                await self._note(by, AuditAction.DISMISS, job)

    async def _refund(self, by: Administrator, job: Job) -> None:
        try:
            await self._credit_admin.refund(by, job.id)
        except AlreadyRefunded:
            log.info("a reported job had been refunded already", job=job.id)

    async def _take_away(self, job: Job, actor: str, interaction: Interaction) -> int:
        """How many of its messages could not be deleted. First it is marked, so that nothing new is shown."""
        await self._register.take_down(job.id, actor)
        log.info("a job is removed", job=job.id, actor=actor)
        gone = [await self._messages.delete_post(*post) for post in await self._register.posts_of(job.id)]
        pressed = interaction.message
        if pressed is not None and pressed.id == job.place.message_id and pressed.flags.ephemeral:
            # Only the press itself is a key to such a message, once the order's own has run out.
            gone.append(await _deleted(interaction))
        else:
            gone.append(await self._messages.delete(job.place))
        return gone.count(False)

    async def _note(self, by: Administrator, what: AuditAction, job: Job) -> None:
        await self._register.record(audit_entry_of(by, what, job=job.id, member=job.place.user_id))

    async def _bring_before_someone(self, case: Case, job: Job, locale: str) -> None:
        if case.guild_id is not None:
            channel_id = (await self._rules.rules(case.guild_id)).log_channel
            if channel_id is not None:
                channel = self._client.get_partial_messageable(channel_id, guild_id=case.guild_id)
                with speaking(locale):
                    card = case_card(case, job, self._cards, self._text)
                try:
                    sent = await channel.send(view=card, allowed_mentions=NOBODY)
                except PASSING as error:
                    log.warning("a report could not be logged", case=case.number, reason=type(error).__name__)
                else:
                    await self._book.posted(case.number, channel_id, sent.id)
                    return
        if await self._book.pass_on(case.number):
            await self.pass_on(case)

    async def _redraw(self, interaction: Interaction, case: Case) -> None:
        job = await self._archive.find(case.job_id)
        with speaking(str(interaction.guild_locale or "")):
            card = case_card(case, job, self._cards, self._text)
        await interaction.edit_original_response(view=card, allowed_mentions=NOBODY)

    async def _job(self, job_id: str) -> Job:
        job = await self._archive.find(job_id)
        if job is None:
            raise UnknownJob
        return job


async def _deleted(interaction: Interaction) -> bool:
    try:
        await interaction.delete_original_response()
    except PASSING:
        return False
    return True
