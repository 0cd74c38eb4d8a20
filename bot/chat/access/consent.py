"""Consent: asked for before the first use, given with one click, after which the order goes on by itself."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from re import Match
from typing import Any, Self

import aiohttp
import discord
import structlog
from discord import ui

from bot.chat.interactions import Interaction
from bot.chat.text import Text
from bot.chat.ui.buttons import StatefulButton
from bot.chat.ui.card import GREEN
from bot.chat.ui.info_card import InfoCard
from bot.clock import Clock
from bot.moderation.access import AccessPolicy
from bot.moderation.errors import NoConsent
from bot.moderation.ports import ModerationStore

log = structlog.stdlib.get_logger(__name__)

# Discord waits for three seconds; a database that takes longer is asked again after the promise of an answer.
PATIENCE = 1.5
# Whoever agrees later than this has other things in mind than the order that they were asked for.
PENDING_SECONDS = 15 * 60.0

GoOn = Callable[[Interaction], Awaitable[None]]
"""What the member had asked for, to be answered in the interaction with which they agreed."""


@dataclass(frozen=True, slots=True)
class Pending:
    go_on: GoOn
    withdraw: Callable[[], Awaitable[None]]
    """Takes the question away."""
    until: float


class Consent:
    def __init__(
        self,
        door: AccessPolicy,
        register: ModerationStore,
        *,
        policy_url: str | None,
        text: Text,
        clock: Clock,
    ) -> None:
        self._door = door
        self._register = register
        self._policy_url = policy_url
        self._text = text
        self._clock = clock
        self._pending: dict[int, Pending] = {}

    async def ensure_consent(self, interaction: Interaction, go_on: GoOn) -> bool:
        """Whether the member has agreed. If not, they are asked, and `go_on` follows when they agree.

        Where that cannot be known in time, it is for the door to ask once more.
        """
        asked = asyncio.ensure_future(self._door.require_consent(interaction.user.id))
        await asyncio.wait({asked}, timeout=PATIENCE)
        if not asked.done():
            asked.add_done_callback(lambda late: late.cancelled() or late.exception())
            return True
        if not isinstance(asked.exception(), NoConsent):
            return True
        self._forget_old()
        until = self._clock.now() + PENDING_SECONDS
        self._pending[interaction.user.id] = Pending(go_on, await self._ask(interaction), until)
        return False

    async def press(self, interaction: Interaction, button: "Agree") -> None:
        await self.agreed(interaction, button.version)

    async def agreed(self, interaction: Interaction, version: str) -> None:
        """The member has pressed the button."""
        if version != self._door.consent_version and self._door.consent_version is not None:
            # The terms have changed since the question was put.
            await interaction.response.edit_message(view=self._card(self._door.consent_version))
            return
        await self._register.agree(interaction.user.id, version)
        log.info("a member has agreed", user=interaction.user.id, version=version)
        pending = self._pending.pop(interaction.user.id, None)
        if pending is None or self._clock.now() >= pending.until:
            await interaction.response.edit_message(view=self._thanks())
            return
        await pending.go_on(interaction)
        try:
            await pending.withdraw()
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("the question for consent stays where it is", reason=type(error).__name__)

    async def _ask(self, interaction: Interaction) -> Callable[[], Awaitable[None]]:
        card = self._card(self._door.consent_version or "")
        if interaction.response.is_done():
            question = await interaction.followup.send(view=card, ephemeral=True, wait=True)
            return question.delete
        await interaction.response.send_message(view=card, ephemeral=True)
        return interaction.delete_original_response

    def _card(self, version: str) -> InfoCard:
        buttons: list[ui.Item[Any]] = [Agree(version, self._text("consent.agree"))]
        if self._policy_url is not None:
            buttons.append(ui.Button(label=self._text("consent.policy"), url=self._policy_url))
        lines = [self._text("consent.rights"), self._text("consent.marked"), self._text("consent.forbidden")]
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
        """Nothing is to go on for this member by itself."""
        self._pending.pop(user_id, None)

    def _forget_old(self) -> None:
        now = self._clock.now()
        self._pending = {user: each for user, each in self._pending.items() if now < each.until}


class Agree(StatefulButton, template=r"agree:(?P<version>[A-Za-z0-9.-]{1,40})"):
    """Button "I agree", for one version of the terms."""

    def __init__(self, version: str, label: str) -> None:
        super().__init__(label, f"agree:{version}", discord.ButtonStyle.success)
        self.version = version

    @classmethod
    def from_match(cls, match: Match[str], label: str) -> Self:
        return cls(match["version"], label)
