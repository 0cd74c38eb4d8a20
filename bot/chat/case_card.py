"""A case as moderators see it, with a button for each thing that can be done about it."""

from collections.abc import Mapping
from re import Match
from typing import Any, Protocol, Self, cast

from discord import ButtonStyle, ui

from bot.chat.card import DARK, RED, moment, notice
from bot.chat.credits_cards import title_of
from bot.chat.messages import address_of
from bot.chat.options import Interaction
from bot.chat.sheet import Sheet, whoever
from bot.chat.text import Text
from bot.jobs.job import Job
from bot.models import ModelCard
from bot.moderation.cases import Case, Step

_STYLES: Mapping[Step, ButtonStyle] = {
    Step.REMOVE: ButtonStyle.danger,
    Step.NEVER: ButtonStyle.danger,
    Step.BLOCK: ButtonStyle.danger,
}


def case_card(case: Case, job: Job | None, cards: Mapping[str, ModelCard], text: Text) -> Sheet:
    lines = [text("cases.reported", reporter=whoever(case.reporter, text), when=moment(case.opened_at))]
    if job is None:
        lines.append(text("cases.forgotten", job=case.job_id))
    else:
        facts = {"model": title_of(job.slug, cards), "job": job.id}
        lines.append(
            text("cases.job", member=whoever(job.place.user_id, text), when=moment(job.created_at), **facts)
        )
        lines.append(text("cases.where", link=address_of(job.place)))
    lines += [text(f"cases.done_{step}") for step in case.steps]
    buttons = [CaseButton(step, case.number, text(f"cases.{step}")) for step in Step if step in case.ahead]
    return Sheet(
        text("cases.title", number=case.number),
        lines,
        text,
        small=[text("cases.may")] if buttons else [],
        buttons=buttons,
        colour=RED if case.closed_at is None else DARK,
    )


def case_line(case: Case, text: Text) -> str:
    """With the way to its card, which operators have in private."""
    title = f"**{text('cases.title', number=case.number)}**"
    facts = {"job": case.job_id, "when": moment(case.opened_at)}
    if case.card is None:
        return text("cases.line_passed_on", title=title, **facts)
    channel_id, message_id = case.card
    link = f"https://discord.com/channels/{case.guild_id}/{channel_id}/{message_id}"
    return text("cases.line", title=f"[{title}]({link})", **facts)


class Room(Protocol):
    async def act(self, interaction: Interaction, number: int, step: Step) -> None: ...


class Rooms(Protocol):
    @property
    def cases(self) -> Room: ...


class Court(Protocol):
    """The part of the client that the buttons need."""

    @property
    def services(self) -> Rooms: ...

    def refusal(self, error: Exception) -> str: ...


class CaseButton(
    ui.DynamicItem[ui.Button[Any]],
    template=r"case:(?P<step>[a-z]+):(?P<number>\d{1,18})",
):
    """What is to be done about which case stands in its id."""

    def __init__(self, step: Step, number: int, label: str) -> None:
        style = _STYLES.get(step, ButtonStyle.secondary)
        super().__init__(ui.Button(label=label, style=style, custom_id=f"case:{step}:{number}"))
        self._step = step
        self._number = number

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: ui.Item[Any], match: Match[str], /) -> Self:
        del interaction
        label = item.label if isinstance(item, ui.Button) else None
        return cls(Step(match["step"]), int(match["number"]), label or "")

    async def callback(self, interaction: Interaction) -> None:
        client = cast("Court", interaction.client)
        # What is to be deleted may be a message of some age, and Discord waits for three seconds.
        await interaction.response.defer()
        try:
            await client.services.cases.act(interaction, self._number, self._step)
        except Exception as error:  # noqa: BLE001 - nobody else would answer the moderator
            await interaction.followup.send(view=notice(client.refusal(error)), ephemeral=True)
