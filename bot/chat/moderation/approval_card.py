"""Card on which moderators approve or reject a result before anybody else sees it."""

from collections.abc import Mapping
from re import Match
from typing import Self

from discord import ButtonStyle

from bot.chat.text import Text
from bot.chat.ui.buttons import StatefulButton
from bot.chat.ui.card import AMBER, DARK, Attachment, relative_timestamp
from bot.chat.ui.info_card import InfoCard, mention_or_unknown
from bot.chat.ui.labels import jump_link, title_of
from bot.jobs.job import Job, short_id
from bot.models import ModelCard
from bot.moderation.approvals import Approval, Verdict

_STYLES: Mapping[Verdict, ButtonStyle] = {
    Verdict.APPROVED: ButtonStyle.success,
    Verdict.REJECTED: ButtonStyle.danger,
}
# The longest URL that leaves enough space for the rest of the card.
_MAX_URL = 1500


def approval_card(
    approval: Approval,
    job: Job,
    cards: Mapping[str, ModelCard],
    text: Text,
    picture: Attachment | None = None,
) -> InfoCard:
    """Card with the picture and the buttons until somebody decides, and with neither of them afterwards."""
    waiting = approval.verdict is Verdict.WAITING
    facts = {
        "member": mention_or_unknown(job.place.user_id, text),
        "model": title_of(job.slug, cards),
        "job": short_id(job.id),
    }
    lines = [text("cases.job", when=relative_timestamp(job.created_at), **facts)]
    if job.place.hidden:
        lines.append(text("approval.hidden"))
    else:
        lines.append(jump_link(job.place, text))
    if not job.agreed:
        lines.append(text("approval.stranger"))
    if job.doubtful:
        lines.append(text("approval.doubtful"))
    if waiting and picture is None and job.output and len(job.output) <= _MAX_URL:
        lines.append(text("approval.link", url=job.output))
    if approval.verdict is Verdict.WITHDRAWN:
        lines.append(text("refused.nothing_awaited"))
    elif not waiting:
        lines.append(text(f"approval.{approval.verdict}"))
    until = relative_timestamp(approval.lapses_at)
    return InfoCard(
        text("approval.title") if waiting else text("approval.title_decided"),
        lines,
        text,
        small=[text("approval.marked"), text("approval.may", until=until)] if waiting else [],
        pictures=[] if picture is None else [picture],
        spoiler=True,
        buttons=[_button(verdict, job.id, text) for verdict in _STYLES] if waiting else [],
        colour=AMBER if waiting else DARK,
    )


def _button(verdict: Verdict, job_id: str, text: Text) -> "ApprovalButton":
    return ApprovalButton(verdict, job_id, text(f"approval.button_{verdict}"))


class ApprovalButton(
    StatefulButton,
    template=r"approval:(?P<verdict>approved|rejected):(?P<job>[0-9A-Za-z_-]{1,40})",
):
    """Button that approves or rejects the result of one job."""

    def __init__(self, verdict: Verdict, job_id: str, label: str) -> None:
        super().__init__(label, f"approval:{verdict}:{job_id}", _STYLES[verdict])
        self.verdict = verdict
        self.job_id = job_id

    @classmethod
    def from_match(cls, match: Match[str], label: str) -> Self:
        return cls(Verdict(match["verdict"]), match["job"], label)
