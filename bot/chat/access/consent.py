"""Asks for consent before the first order, and continues the order once the member agrees."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from re import Match
from typing import Any, Self

import discord
import structlog
from discord import InteractionResponseType, ui

from bot.chat.interactions import Interaction
from bot.chat.messages import DISCORD_ERRORS
from bot.chat.shared import Shared
from bot.chat.ui.buttons import StatefulButton
from bot.chat.ui.card import GREEN
from bot.chat.ui.info_card import InfoCard
from bot.moderation.access import AccessPolicy
from bot.moderation.errors import NoConsent

log = structlog.stdlib.get_logger(__name__)

# Discord waits for three seconds. A slower database is asked again after the interaction was deferred.
STORE_TIMEOUT = 1.5
# After this long, a member who agrees no longer expects their old order to continue.
PENDING_SECONDS = 15 * 60.0
_ORDER_BYTES = 8
_RULES = ("consent.age", "consent.rights", "consent.marked", "consent.forbidden")

OnAgreed = Callable[[Interaction], Awaitable[None]]
"""Continues what the member asked for, in the interaction with which they agreed."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Order that waits for its member's consent."""

    user_id: int
    on_agreed: OnAgreed
    withdraw: Callable[[], Awaitable[None]]
    """Deletes the question."""
    until: float


class Consent:
    """Questions for consent, and the orders that wait for an answer."""

    def __init__(self, shared: Shared, access_policy: AccessPolicy) -> None:
        self._access_policy = access_policy
        self._moderation_store = shared.store.moderation
        self._policy_url = shared.settings.consent.policy_url
        self._text = shared.text
        self._clock = shared.clock
        # By the token of the question: a member may have several open ones, each with its own order.
        self._pending: dict[str, Pending] = {}

    async def ensure_consent(self, interaction: Interaction, on_agreed: OnAgreed) -> bool:
        """Return whether the member has agreed. If not, ask them, and call `on_agreed` when they agree.

        If the database does not answer in time, this is true, and the access policy checks again later.
        """
        check = asyncio.ensure_future(self._access_policy.require_consent(interaction.user.id))
        await asyncio.wait({check}, timeout=STORE_TIMEOUT)
        if not check.done():
            check.add_done_callback(lambda late: late.cancelled() or late.exception())
            return True
        if not isinstance(check.exception(), NoConsent):
            return True
        self._forget_old()
        until = self._clock.now() + PENDING_SECONDS
        order = secrets.token_hex(_ORDER_BYTES)
        withdraw = await self._ask(interaction, order)
        self._pending[order] = Pending(interaction.user.id, on_agreed, withdraw, until)
        return False

    async def press(self, interaction: Interaction, button: "AgreeButton") -> None:
        """Record the consent, and continue what the member had asked for."""
        current = self._access_policy.consent_version
        if current is not None and button.version != current:
            # The terms have changed since the question was asked.
            await interaction.response.edit_message(view=self._card(current, button.order))
            return
        await self._moderation_store.agree(interaction.user.id, button.version)
        log.info("consent given", user=interaction.user.id, version=button.version)
        pending = self._pending.pop(button.order, None)
        if pending is None or self._clock.now() >= pending.until:
            await interaction.response.edit_message(view=self._thanks())
            return
        try:
            await pending.on_agreed(interaction)
        finally:
            # A form belongs to the message whose button opened it.
            if interaction.response.type is not InteractionResponseType.modal:
                await _withdraw(pending)

    async def _ask(self, interaction: Interaction, order: str) -> Callable[[], Awaitable[None]]:
        card = self._card(self._access_policy.consent_version or "", order)
        if interaction.response.is_done():
            question = await interaction.followup.send(view=card, ephemeral=True, wait=True)
            return question.delete
        await interaction.response.send_message(view=card, ephemeral=True)
        return interaction.delete_original_response

    def _card(self, version: str, order: str) -> InfoCard:
        buttons: list[ui.Item[Any]] = [AgreeButton(version, order, self._text("consent.agree"))]
        if self._policy_url is not None:
            buttons.append(ui.Button(label=self._text("consent.policy"), url=self._policy_url))
        lines = [self._text(key) for key in _RULES]
        return InfoCard(
            self._text("consent.title"),
            lines,
            self._text,
            small=[self._text("consent.kept")],
            buttons=buttons,
        )

    def _thanks(self) -> InfoCard:
        return InfoCard(
            self._text("consent.thanks"), [self._text("consent.send_again")], self._text, colour=GREEN
        )

    def forget(self, user_id: int) -> None:
        """Drop the orders that wait for this member's consent."""
        self._pending = {order: each for order, each in self._pending.items() if each.user_id != user_id}

    def _forget_old(self) -> None:
        now = self._clock.now()
        self._pending = {order: each for order, each in self._pending.items() if now < each.until}


async def _withdraw(pending: Pending) -> None:
    try:
        await pending.withdraw()
    except DISCORD_ERRORS as error:
        log.info("consent question not deleted", error=type(error).__name__)


class AgreeButton(
    StatefulButton, template=r"agree:(?P<version>[A-Za-z0-9.-]{1,40})(?::(?P<order>[0-9a-f]+))?"
):
    """Button "I agree", for one version of the terms and one order."""

    def __init__(self, version: str, order: str, label: str) -> None:
        super().__init__(label, f"agree:{version}:{order}", discord.ButtonStyle.success)
        self.version = version
        self.order = order

    @classmethod
    def from_match(cls, match: Match[str], label: str) -> Self:
        # Questions of earlier releases name no order.
        return cls(match["version"], match["order"] or "0", label)
