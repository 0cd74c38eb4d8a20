"""Card of a case for moderators, with a button for each step that they can still take."""

from collections.abc import Iterable, Mapping, Sequence
from re import Match
from typing import Self

from discord import ButtonStyle

from bot.chat.text import Text
from bot.chat.ui.buttons import StatefulButton
from bot.chat.ui.card import DARK, RED, Attachment, relative_timestamp
from bot.chat.ui.info_card import InfoCard, as_code, mention_or_unknown
from bot.chat.ui.labels import jump_link, title_of
from bot.jobs.job import Job, short_id
from bot.models import ModelCard
from bot.moderation.cases import DETAILS_LIMIT, Audience, Case, CaseNote, Step

_STYLES: Mapping[Step, ButtonStyle] = {
    Step.REMOVE: ButtonStyle.danger,
    Step.NEVER: ButtonStyle.danger,
    Step.BLOCK: ButtonStyle.danger,
}
# Words in the id of the button that takes no step.
_NOTE = "note"
_LINES: Mapping[Audience | None, str] = {
    None: "cases.line_untold",
    Audience.OPERATORS: "cases.line_passed_on",
    Audience.OWNER: "cases.line_owner",
}


def case_card(
    case: Case,
    job: Job | None,
    cards: Mapping[str, ModelCard],
    text: Text,
    pictures: Sequence[Attachment] = (),
) -> InfoCard:
    lines = list(_reports(case, text))
    if job is None:
        lines.append(text("cases.forgotten", job=short_id(case.job_id)))
    else:
        facts = {"model": title_of(job.slug, cards), "job": short_id(job.id)}
        member = mention_or_unknown(job.place.user_id, text)
        when = relative_timestamp(job.created_at)
        lines.append(text("cases.job", member=member, when=when, **facts))
        lines.append(jump_link(job.place, text))
        if case.closed_at is None and not case.may_be_copied:
            lines.append(text("cases.not_copied"))
    lines += [text(f"cases.done_{step}") for step in case.steps]
    lines += [text("cases.noted", **_facts(note, text)) for note in case.notes if note.complaint is None]
    buttons = [
        CaseButton(step, case.number, text(f"cases.{step}")) for step in Step if step in case.remaining_steps
    ]
    if buttons:
        buttons.append(CaseButton(None, case.number, text("cases.note")))
    return InfoCard(
        text("cases.title", number=case.number),
        lines,
        text,
        small=[text("cases.may")] if buttons else [],
        pictures=pictures,
        spoiler=True,
        buttons=buttons,
        colour=RED if case.closed_at is None else DARK,
    )


def _reports(case: Case, text: Text) -> Iterable[str]:
    reports = [note for note in case.notes if note.complaint is not None]
    for note in reports:
        yield text("cases.report", complaint=text(f"complaint.{note.complaint}"), **_facts(note, text))
    if not reports:
        # Cases of earlier releases have no words.
        when = relative_timestamp(case.opened_at)
        yield text("cases.reported", reporter=mention_or_unknown(case.reporter, text), when=when)


def _facts(note: CaseNote, text: Text) -> Mapping[str, str]:
    return {
        "author": mention_or_unknown(note.author, text),
        "when": relative_timestamp(note.at),
        "words": as_code(note.words, DETAILS_LIMIT),
    }


def case_line(case: Case, text: Text) -> str:
    """Line of a list with a link to the card, unless the case is in direct messages."""
    title = f"**{text('cases.title', number=case.number)}**"
    facts = {"job": short_id(case.job_id), "when": relative_timestamp(case.opened_at)}
    if case.card is None:
        return text(_LINES.get(case.told_to, "cases.line_untold"), title=title, **facts)
    channel_id, message_id = case.card
    link = f"https://discord.com/channels/{case.guild_id}/{channel_id}/{message_id}"
    return text("cases.line", title=f"[{title}]({link})", **facts)


class CaseButton(
    StatefulButton,
    template=r"case:(?P<step>[a-z]+):(?P<number>\d{1,18})",
):
    """Button that takes one step in a case, or adds a note to it."""

    def __init__(self, step: Step | None, number: int, label: str) -> None:
        style = ButtonStyle.secondary if step is None else _STYLES.get(step, ButtonStyle.secondary)
        super().__init__(label, f"case:{step or _NOTE}:{number}", style)
        self.step = step
        self.number = number

    @classmethod
    def from_match(cls, match: Match[str], label: str) -> Self:
        step = None if match["step"] == _NOTE else Step(match["step"])
        return cls(step, int(match["number"]), label)
