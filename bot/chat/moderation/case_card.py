"""Card of a case for moderators, with a button for each step that they can still take."""

from collections.abc import Mapping
from re import Match
from typing import Self

from discord import ButtonStyle

from bot.chat.text import Text
from bot.chat.ui.buttons import StatefulButton
from bot.chat.ui.card import DARK, RED, relative_timestamp
from bot.chat.ui.info_card import InfoCard, mention_or_unknown
from bot.chat.ui.labels import jump_link, title_of
from bot.jobs.job import Job, short_id
from bot.models import ModelCard
from bot.moderation.cases import Case, Step

_STYLES: Mapping[Step, ButtonStyle] = {
    Step.REMOVE: ButtonStyle.danger,
    Step.NEVER: ButtonStyle.danger,
    Step.BLOCK: ButtonStyle.danger,
}


def case_card(case: Case, job: Job | None, cards: Mapping[str, ModelCard], text: Text) -> InfoCard:
    lines = [
        text(
            "cases.reported",
            reporter=mention_or_unknown(case.reporter, text),
            when=relative_timestamp(case.opened_at),
        )
    ]
    if job is None:
        lines.append(text("cases.forgotten", job=short_id(case.job_id)))
    else:
        facts = {"model": title_of(job.slug, cards), "job": short_id(job.id)}
        member = mention_or_unknown(job.place.user_id, text)
        when = relative_timestamp(job.created_at)
        lines.append(text("cases.job", member=member, when=when, **facts))
        lines.append(jump_link(job.place, text))
    lines += [text(f"cases.done_{step}") for step in case.steps]
    buttons = [
        CaseButton(step, case.number, text(f"cases.{step}")) for step in Step if step in case.remaining_steps
    ]
    return InfoCard(
        text("cases.title", number=case.number),
        lines,
        text,
        small=[text("cases.may")] if buttons else [],
        buttons=buttons,
        colour=RED if case.closed_at is None else DARK,
    )


def case_line(case: Case, text: Text) -> str:
    """Line of a list with a link to the card, unless the card went to the operators in private."""
    title = f"**{text('cases.title', number=case.number)}**"
    facts = {"job": short_id(case.job_id), "when": relative_timestamp(case.opened_at)}
    if case.card is None:
        return text("cases.line_passed_on", title=title, **facts)
    channel_id, message_id = case.card
    link = f"https://discord.com/channels/{case.guild_id}/{channel_id}/{message_id}"
    return text("cases.line", title=f"[{title}]({link})", **facts)


class CaseButton(
    StatefulButton,
    template=r"case:(?P<step>[a-z]+):(?P<number>\d{1,18})",
):
    """Button that takes one step in a case."""

    def __init__(self, step: Step, number: int, label: str) -> None:
        super().__init__(label, f"case:{step}:{number}", _STYLES.get(step, ButtonStyle.secondary))
        self.step = step
        self.number = number

    @classmethod
    def from_match(cls, match: Match[str], label: str) -> Self:
        return cls(Step(match["step"]), int(match["number"]), label)
