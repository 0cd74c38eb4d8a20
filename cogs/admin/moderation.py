"""`/admin log`, `showcase`, `cases`, `forgive` and `approve`: what moderators see and decide."""

from collections.abc import Sequence

import discord
from discord import app_commands

from bot.chat.admin.access_cards import approval_lines, approval_settings_card
from bot.chat.admin.audit_lines import audit_card
from bot.chat.interactions import Interaction
from bot.chat.members import administrator_of
from bot.chat.ui.pagination import PageItem, PageRequest
from bot.chat.ui.replies import send_deferred
from cogs.admin.base import AdminCommands


class ModerationCommands(AdminCommands):
    """Commands about moderation."""

    @app_commands.command(description="Choose the channel that logs finished jobs and reports")
    @app_commands.describe(
        channel="Log channel",
        pictures="Show results there, too",
        off="Turn the log off",
    )
    async def log(
        self,
        interaction: Interaction,
        channel: discord.TextChannel | None = None,
        pictures: bool = False,
        off: bool = False,
    ) -> None:
        by = await self.authorize(interaction)
        if channel is None and not off:
            return await self.show_access(interaction, by)
        entry = await self._access_admin.set_log(
            by, None if channel is None else channel.id, pictures=pictures and channel is not None
        )
        return await self.confirm(interaction, entry)

    @app_commands.command(description="Choose a channel where members can share their results")
    @app_commands.describe(channel="The channel for shared results", off="Turn the showcase off")
    async def showcase(
        self, interaction: Interaction, channel: discord.TextChannel | None = None, off: bool = False
    ) -> None:
        by = await self.authorize(interaction)
        if channel is None and not off:
            return await self.show_access(interaction, by)
        chosen = None if channel is None else channel.id
        return await self.confirm(interaction, await self._access_admin.set_showcase(by, chosen))

    @app_commands.command(description="List open reports")
    async def cases(self, interaction: Interaction) -> None:
        await self.authorize(interaction)
        await send_deferred(interaction, await self._services.pages.first(interaction, "cases"))

    @app_commands.command(description="Take a job's pictures off the banned-image list")
    @app_commands.describe(job="ID of the job, from the report")
    async def forgive(self, interaction: Interaction, job: str) -> None:
        by = await self.authorize(interaction)
        await self.confirm(interaction, await self._access_admin.lift_ban(by, job.strip()))

    @app_commands.command(description="Have moderators check each result before it appears")
    @app_commands.describe(
        on="Turn checks on or off (leave empty to see how many results wait)",
        strangers="Check only results whose face is neither a saved one nor a shared avatar",
        own="Let moderators approve results of their own orders",
    )
    async def approve(
        self,
        interaction: Interaction,
        on: bool | None = None,
        strangers: bool | None = None,
        own: bool | None = None,
    ) -> None:
        by = await self.authorize(interaction)
        services = self._services
        entry = None if own is None else await self._access_admin.set_own_approval(by, on=own)
        if strangers is not None:
            entry = await self._access_admin.set_strangers_approval(by, on=strangers)
        if on is not None:
            entry = await self._access_admin.set_approval(by, on=on)
        rules = await services.ledger.rules(by.guild_id)
        waiting = await services.approvals.waiting_in(by.guild_id)
        lines = approval_lines(
            rules, waiting, services.text, can_ask=await services.approvals.can_ask(by.guild_id)
        )
        if entry is None:
            return await send_deferred(interaction, approval_settings_card(lines, services.text))
        return await send_deferred(interaction, audit_card(entry, services.cards, services.text, *lines))

    async def _read_cases(self, interaction: Interaction, request: PageRequest) -> Sequence[PageItem]:
        return await self._services.cases.open_cases(administrator_of(interaction).guild_id, request)
