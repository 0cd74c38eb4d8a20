"""Deletion of a server's data: the question, and the button that confirms it."""

from re import Match
from typing import Self

import discord

from bot.administration.server_data import ServerDataAdmin
from bot.chat.admin.audit_lines import audit_card
from bot.chat.interactions import Interaction
from bot.chat.members import administrator_of
from bot.chat.messages import NOBODY
from bot.chat.shared import Shared
from bot.chat.ui.buttons import StatefulButton
from bot.chat.ui.card import RED
from bot.chat.ui.info_card import InfoCard


class ServerDeletion:
    """Answers `/admin delete-data` and its button."""

    def __init__(self, shared: Shared, admin: ServerDataAdmin) -> None:
        self._admin = admin
        self._cards = shared.cards
        self._text = shared.text

    def question(self) -> InfoCard:
        text = self._text
        lines = [text("server_data.what"), text("server_data.kept")]
        button = ForgetServerButton(text("server_data.button"))
        return InfoCard(text("server_data.title"), lines, text, buttons=[button], colour=RED)

    async def press(self, interaction: Interaction, button: "ForgetServerButton") -> None:
        del button
        by = administrator_of(interaction)
        await interaction.response.defer()
        card = audit_card(await self._admin.forget(by), self._cards, self._text)
        await interaction.edit_original_response(view=card, allowed_mentions=NOBODY)


class ForgetServerButton(StatefulButton, template=r"forget-server"):
    """Button that confirms the deletion of the data of the server in which it is pressed."""

    def __init__(self, label: str) -> None:
        super().__init__(label, "forget-server", discord.ButtonStyle.danger)

    @classmethod
    def from_match(cls, match: Match[str], label: str) -> Self:
        del match
        return cls(label)
