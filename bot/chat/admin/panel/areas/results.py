"""Refunds, banned pictures, and the server's data."""

from collections.abc import Sequence

import discord

from bot.administration.audit import REASON_LIMIT
from bot.chat.admin.autocomplete import MAX_SEARCHED_JOBS, MemberNames, job_choices
from bot.chat.admin.panel.areas.area import Area, ItemUse, Page, Visit
from bot.chat.admin.panel.items import PanelForm, PanelItem, button, choice_select, labelled, row, text_field
from bot.chat.admin.services import AdminServices
from bot.chat.ui.command_button import CommandButton
from bot.jobs.job import State

_JOB_LIMIT = 40


class ResultsArea(Area):
    """Gives credits of jobs back, allows banned pictures again, and deletes the server's data."""

    name = "results"

    def __init__(self, services: AdminServices) -> None:
        super().__init__(services)
        self._names = MemberNames()

    async def page(self, visit: Visit) -> Page:
        text, services = self.text, self.services
        jobs = await services.credit_admin.recent_jobs(visit.by, MAX_SEARCHED_JOBS)
        paid = [job for job in jobs if job.state is State.DONE]
        names = await self._names.display_names(visit.guild, {job.user_id for job in paid})
        options = {each.value: each.name for each in job_choices(paid, names, services.cards, "", text)}
        more = row(
            button(visit.location, "forgive", text("panel.forgive")),
            CommandButton("admin delete-data", text("panel.delete_data"), discord.ButtonStyle.danger),
        )
        if not options:
            return Page([text("panel.no_jobs")], [more])
        select = choice_select(visit.location, "refund", options, [], text, least=1)
        return Page(rows=[*labelled(text("panel.refund_pick"), select), more])

    def form(self, item: PanelItem) -> PanelForm | None:
        text = self.text
        if item.control == "forgive":
            job = (text("panel.job"), text_field(required=True, limit=_JOB_LIMIT))
            return PanelForm(text("panel.forgive"), {"job": job})
        reason = (text("panel.reason"), text_field(limit=REASON_LIMIT))
        return PanelForm(text("panel.refund"), {"reason": reason}, text("panel.refund_note"))

    async def change(self, used: ItemUse) -> Sequence[str]:
        if used.item.control == "forgive":
            entry = await self.services.access_admin.lift_ban(used.by, used.answers["job"])
        else:
            (job,) = used.item.choices
            entry = await self.services.credit_admin.refund(used.by, job, used.answers["reason"])
        return self.described(entry)
