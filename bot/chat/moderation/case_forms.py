"""Forms of reports: what is wrong with a result, and whether to take a step in a case."""

from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import ui

from bot.administration.audit import REASON_LIMIT
from bot.chat.interactions import Interaction
from bot.chat.text import Text
from bot.chat.ui.replies import LABEL_LIMIT, Form
from bot.moderation.cases import DETAILS_LIMIT, Complaint, Step

OnReported = Callable[[Interaction, Complaint, str], Awaitable[None]]
OnConfirmed = Callable[[Interaction, str], Awaitable[None]]
"""Receives the note, which may be empty."""


class ReportForm(Form):
    """Asks what is wrong with a result."""

    def __init__(self, text: Text, on_reported: OnReported) -> None:
        super().__init__(title=text("report.title"))
        self._on_reported = on_reported
        self._complaint: ui.RadioGroup[Any] = ui.RadioGroup(custom_id="complaint")
        for each in Complaint:
            self._complaint.add_option(label=text(f"complaint.{each}"), value=each)
        self._details = _text_field("details", DETAILS_LIMIT, required=False)
        self.add_item(ui.Label(text=text("report.complaint")[:LABEL_LIMIT], component=self._complaint))
        self.add_item(ui.Label(text=text("report.details")[:LABEL_LIMIT], component=self._details))

    async def on_submit(self, interaction: Interaction) -> None:
        complaint = Complaint(self._complaint.value or Complaint.OTHER)
        await self._on_reported(interaction, complaint, self._details.value.strip())


class CaseForm(Form):
    """Says what a step does, and asks for a note; without a step, it asks for a note alone."""

    def __init__(self, step: Step | None, text: Text, on_confirmed: OnConfirmed) -> None:
        title = text("cases.note" if step is None else f"cases.{step}")
        super().__init__(title)
        self._on_confirmed = on_confirmed
        self._note = _text_field("note", REASON_LIMIT, required=step is None)
        if step is not None:
            self.add_item(ui.TextDisplay(text(f"cases.ask_{step}")))
        self.add_item(ui.Label(text=text("cases.note_field")[:LABEL_LIMIT], component=self._note))

    async def on_submit(self, interaction: Interaction) -> None:
        await self._on_confirmed(interaction, self._note.value.strip())


def _text_field(name: str, limit: int, *, required: bool) -> ui.TextInput[Any]:
    return ui.TextInput(
        custom_id=name, required=required, max_length=limit, style=discord.TextStyle.paragraph
    )
