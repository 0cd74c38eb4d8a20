"""A result that waits for a moderator, as moderators see it, with the two buttons that decide about it."""

from collections.abc import Mapping
from re import Match
from typing import Any, Protocol, Self, cast

from discord import ButtonStyle, ui

from bot.chat.card import AMBER, DARK, Shown, moment, notice
from bot.chat.credits_cards import title_of
from bot.chat.messages import address_of
from bot.chat.options import Interaction
from bot.chat.sheet import Sheet, whoever
from bot.chat.text import Text
from bot.jobs.job import Job
from bot.models import ModelCard
from bot.moderation.approvals import Approval, Verdict

_STYLES: Mapping[Verdict, ButtonStyle] = {
    Verdict.APPROVED: ButtonStyle.success,
    Verdict.REJECTED: ButtonStyle.danger,
}
# The longest address that leaves room for everything else.
_LINK_LIMIT = 1500


def approval_card(
    approval: Approval, job: Job, cards: Mapping[str, ModelCard], text: Text, picture: Shown | None = None
) -> Sheet:
    """With the picture for as long as nobody has decided; what is in the log for good names it alone."""
    waits = approval.verdict is Verdict.WAITING
    facts = {"member": whoever(job.place.user_id, text), "model": title_of(job.slug, cards), "job": job.id}
    lines = [text("cases.job", when=moment(job.created_at), **facts)]
    if job.place.hidden:
        lines.append(text("approval.hidden"))
    else:
        lines.append(text("cases.where", link=address_of(job.place)))
    if waits and picture is None and job.output and len(job.output) <= _LINK_LIMIT:
        lines.append(text("approval.link", url=job.output))
    if approval.verdict is Verdict.WITHDRAWN:
        lines.append(text("refused.nothing_awaited"))
    elif not waits:
        lines.append(text(f"approval.{approval.verdict}"))
    until = moment(approval.lapses_at)
    return Sheet(
        text("approval.title") if waits else text("approval.title_decided"),
        lines,
        text,
        small=[text("approval.marked"), text("approval.may", until=until)] if waits else [],
        picture=picture,
        spoiler=True,
        buttons=[_button(verdict, job.id, text) for verdict in _STYLES] if waits else [],
        colour=AMBER if waits else DARK,
    )


def _button(verdict: Verdict, job_id: str, text: Text) -> "ApprovalButton":
    return ApprovalButton(verdict, job_id, text(f"approval.button_{verdict}"))


class Room(Protocol):
    async def decide(self, interaction: Interaction, job_id: str, verdict: Verdict) -> None: ...


class Rooms(Protocol):
    @property
    def approvals(self) -> Room: ...


class Court(Protocol):
    """The part of the client that the buttons need."""

    @property
    def services(self) -> Rooms: ...

    def refusal(self, error: Exception) -> str: ...


class ApprovalButton(
    ui.DynamicItem[ui.Button[Any]],
    template=r"approval:(?P<verdict>approved|rejected):(?P<job>[0-9A-Za-z_-]{1,40})",
):
    """What is decided about which job stands in its id."""

    def __init__(self, verdict: Verdict, job_id: str, label: str) -> None:
        style = _STYLES[verdict]
        super().__init__(ui.Button(label=label, style=style, custom_id=f"approval:{verdict}:{job_id}"))
        self._verdict = verdict
        self._job_id = job_id

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: ui.Item[Any], match: Match[str], /) -> Self:
        del interaction
        label = item.label if isinstance(item, ui.Button) else None
        return cls(Verdict(match["verdict"]), match["job"], label or "")

    async def callback(self, interaction: Interaction) -> None:
        client = cast("Court", interaction.client)
        # The database may need longer than the three seconds for which Discord waits.
        await interaction.response.defer()
        try:
            await client.services.approvals.decide(interaction, self._job_id, self._verdict)
        except Exception as error:  # noqa: BLE001 - nobody else would answer the moderator
            await interaction.followup.send(view=notice(client.refusal(error)), ephemeral=True)
