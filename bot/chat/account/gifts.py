"""Members give some of their granted credits to others in the same server."""

import discord
import structlog

from bot.administration.audit import AuditAction
from bot.chat.access.guard import AccessGuard
from bot.chat.account.avatars import NotInServer
from bot.chat.account.credits_cards import balance_lines
from bot.chat.interactions import Interaction
from bot.chat.members import member_of
from bot.chat.messages import DISCORD_ERRORS
from bot.chat.shared import Shared
from bot.chat.ui.card import GREEN, credits_words
from bot.chat.ui.info_card import InfoCard, mention
from bot.chat.ui.replies import defer_ephemeral, send_deferred
from bot.jobs.service import JobService
from bot.ledger.account import NotEnoughCredits, account_of
from bot.ledger.ledger import AuditEntry
from bot.ledger.policy import Policy

log = structlog.stdlib.get_logger(__name__)


class GiftsOff(Exception):
    """Gifts are switched off in this server."""


class CannotReceive(Exception):
    """The receiver is the giver, or a bot."""


class NotGiftable(Exception):
    """The member has fewer granted credits; an allowance cannot be given."""

    def __init__(self, *, have: int) -> None:
        super().__init__(have)
        self.have = have


class Gifts:
    """Answers `/credits give`."""

    def __init__(
        self, shared: Shared, job_service: JobService, access_guard: AccessGuard, policy: Policy
    ) -> None:
        self._ledger = shared.store
        self._job_service = job_service
        self._access_guard = access_guard
        self._policy = policy
        self._text = shared.text

    async def give(self, interaction: Interaction, receiver: discord.Member, amount: int) -> None:
        """Move the credits, show the giver what is left, and tell the receiver in the channel."""
        giver = member_of(interaction)
        if giver.guild_id is None:
            raise NotInServer
        if receiver.bot or receiver.id == giver.user_id:
            raise CannotReceive
        await defer_ephemeral(interaction)
        await self._access_guard.admit(interaction)
        daily = self._policy.gifts_of(await self._ledger.rules(giver.guild_id))
        if not daily:
            raise GiftsOff
        facts = {"member": receiver.id, "amount": amount}
        audit_entry = AuditEntry(str(giver.user_id), AuditAction.GIFT, facts, guild_id=giver.guild_id)
        to = account_of(guild_id=giver.guild_id, user_id=receiver.id)
        try:
            await self._ledger.gift(giver.account, to, amount, audit_entry, daily=daily)
        except NotEnoughCredits as error:
            raise NotGiftable(have=error.have) from None
        log.info("credits given", guild=giver.guild_id, amount=amount)
        text, terms = self._text, await self._job_service.terms(giver)
        words = {"member": mention(receiver.id), "credits": credits_words(amount, text)}
        left = balance_lines(await self._job_service.balance(giver, terms), terms, text)
        done = InfoCard(text("gift.done"), [text("gift.given", **words), *left], text, colour=GREEN)
        await send_deferred(interaction, done)
        await self._announce(
            interaction, text("gift.announced", giver=mention(giver.user_id), **words), receiver
        )

    async def _announce(self, interaction: Interaction, sentence: str, receiver: discord.Member) -> None:
        card = InfoCard(self._text("gift.title"), [sentence], self._text, colour=GREEN)
        try:
            await interaction.followup.send(
                view=card,
                allowed_mentions=discord.AllowedMentions(users=[receiver], everyone=False, roles=False),
            )
        except DISCORD_ERRORS as error:
            # The credits have moved all the same, and stand in the history of both.
            log.info("gift not announced", error=type(error).__name__)
