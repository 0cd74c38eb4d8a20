"""Card of a takedown request for the operators, with a button for each decision."""

from collections.abc import Sequence
from re import Match
from typing import Self

from discord import ButtonStyle

from bot.chat.messages import address_of
from bot.chat.text import Text
from bot.chat.ui.buttons import StatefulButton
from bot.chat.ui.card import DARK, RED, relative_timestamp
from bot.chat.ui.info_card import InfoCard, as_code
from bot.jobs.job import Job
from bot.moderation.takedowns import TakedownOutcome, TakedownRequest

# Jobs that the card links to; the number of all of them stands beside.
_MOST_LINKS = 5
_STATEMENT_LIMIT = 1000
_STYLES = {
    TakedownOutcome.REMOVED: ButtonStyle.danger,
    TakedownOutcome.DECLINED: ButtonStyle.secondary,
}


def takedown_card(request: TakedownRequest, jobs: Sequence[Job], count: int, text: Text) -> InfoCard:
    """Card with the first of `count` jobs; who asks is named, but how to reach them is not."""
    claim, undecided = request.claim, request.outcome is None
    lines = [
        text("takedown.received", when=relative_timestamp(request.received_at)),
        text("takedown.from", name=as_code(claim.name, len(claim.name))),
        text("takedown.statement", words=as_code(claim.statement, _STATEMENT_LIMIT)),
    ]
    if claim.link:
        lines.append(text("takedown.link", link=as_code(claim.link, len(claim.link))))
    if undecided:
        lines.insert(0, text("takedown.due", when=relative_timestamp(request.due_at)))
    else:
        lines.append(text(f"takedown.{request.outcome}"))
    lines.append(text("takedown.found", count=count) if count else text("takedown.found_none"))
    lines += [f"{address_of(job.place)} · `{job.id}`" for job in jobs[:_MOST_LINKS]]
    return InfoCard(
        text("takedown.title", number=request.number),
        lines,
        text,
        small=[text("takedown.effect"), text("takedown.contact", reference=request.reference)],
        buttons=[_button(outcome, request.number, text) for outcome in TakedownOutcome] if undecided else (),
        colour=RED if undecided else DARK,
    )


def _button(outcome: TakedownOutcome, number: int, text: Text) -> "TakedownButton":
    return TakedownButton(outcome, number, text(f"takedown.button_{outcome}"))


class TakedownButton(StatefulButton, template=r"takedown:(?P<outcome>removed|declined):(?P<number>\d{1,18})"):
    """Button that grants or declines one request."""

    def __init__(self, outcome: TakedownOutcome, number: int, label: str) -> None:
        super().__init__(label, f"takedown:{outcome}:{number}", _STYLES[outcome])
        self.outcome = outcome
        self.number = number

    @classmethod
    def from_match(cls, match: Match[str], label: str) -> Self:
        return cls(TakedownOutcome(match["outcome"]), int(match["number"]), label)
