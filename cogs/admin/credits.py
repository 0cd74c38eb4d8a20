"""`/admin credits`, `refund`, `spend` and `event`: what members and the server pay."""

import discord
from discord import app_commands

from bot.administration.audit import Administrator
from bot.chat.admin.accounts import member_balance
from bot.chat.admin.autocomplete import MAX_SEARCHED_JOBS, Choice, MemberNames, job_choices
from bot.chat.admin.cards import member_card, server_card
from bot.chat.admin.services import AdminServices
from bot.chat.admin.spending import draw_chart, load_spending, monthly_budget, spend_card
from bot.chat.interactions import Interaction
from bot.chat.members import NotAdministrator, administrator_of
from bot.chat.ui.event_card import event_card
from bot.chat.ui.replies import send_deferred
from bot.ledger.events import MAX_EVENT_HOURS, EventPlan
from cogs.admin.base import RESET, AdminCommands, Amount, Positive, Reason


class CreditCommands(AdminCommands):
    """Commands about credits."""

    accounts = app_commands.Group(
        name="credits", description="Manage members' credits, allowances and the monthly cap"
    )

    def __init__(self, services: AdminServices) -> None:
        super().__init__(services)
        self._names = MemberNames()

    @accounts.command(description="Give a member credits that never expire")
    @app_commands.describe(
        member="Member who gets the credits",
        amount="Number of credits",
        reason="Reason, which the member can see",
    )
    async def grant(
        self, interaction: Interaction, member: discord.Member, amount: Positive, reason: Reason = ""
    ) -> None:
        by = await self.authorize(interaction)
        entry = await self._credit_admin.grant(by, member.id, amount, reason)
        await self.confirm(interaction, entry, member)

    @accounts.command(description="Take back granted credits from a member")
    @app_commands.describe(
        member="Member who loses the credits",
        amount="Number of credits",
        reason="Reason, which the member can see",
    )
    async def take(
        self, interaction: Interaction, member: discord.Member, amount: Positive, reason: Reason = ""
    ) -> None:
        by = await self.authorize(interaction)
        entry = await self._credit_admin.take(by, member.id, amount, reason)
        await self.confirm(interaction, entry, member)

    @accounts.command(name="set-daily", description="Set the daily allowance of all members or of one")
    @app_commands.describe(
        amount="Credits per day", member="Only for this member, regardless of roles", reset=RESET
    )
    async def set_daily(
        self,
        interaction: Interaction,
        amount: Amount | None = None,
        member: discord.Member | None = None,
        reset: bool = False,
    ) -> None:
        by = await self.authorize(interaction)
        if amount is None and not reset:
            return await self._show_credits(interaction, by, member)
        entry = await self._credit_admin.set_allowance(by, amount, None if member is None else member.id)
        return await self.confirm(interaction, entry)

    @accounts.command(
        name="set-role", description="Set the daily allowance of a role (a member's highest one counts)"
    )
    @app_commands.describe(role="Role whose members get the allowance", amount="Credits per day", reset=RESET)
    async def set_role(
        self, interaction: Interaction, role: discord.Role, amount: Amount | None = None, reset: bool = False
    ) -> None:
        by = await self.authorize(interaction)
        if amount is None and not reset:
            return await self._show_credits(interaction, by)
        return await self.confirm(
            interaction, await self._credit_admin.set_role_allowance(by, role.id, amount)
        )

    @accounts.command(description="Set how many credits all members together can spend in a month")
    @app_commands.describe(amount="Credits per month", reset=RESET)
    async def cap(self, interaction: Interaction, amount: Amount | None = None, reset: bool = False) -> None:
        by = await self.authorize(interaction)
        if amount is None and not reset:
            return await self._show_credits(interaction, by)
        return await self.confirm(interaction, await self._credit_admin.set_cap(by, amount))

    @accounts.command(description="Limit how many credits a member can give and get in a day")
    @app_commands.describe(amount="Credits per day; 0 turns gifts off", reset=RESET)
    async def gifts(
        self, interaction: Interaction, amount: Amount | None = None, reset: bool = False
    ) -> None:
        by = await self.authorize(interaction)
        if amount is None and not reset:
            return await self._show_credits(interaction, by)
        return await self.confirm(interaction, await self._credit_admin.set_gifts(by, amount))

    @accounts.command(description="Show this server's allowances and cap, or a member's credits")
    @app_commands.describe(member="Member whose credits to show")
    async def show(self, interaction: Interaction, member: discord.Member | None = None) -> None:
        by = await self.authorize(interaction)
        await self._show_credits(interaction, by, member)

    @app_commands.command(description="Refund the credits of a finished job")
    @app_commands.describe(
        job="A recent job, or the ID of any job", reason="Reason, which the member can see"
    )
    async def refund(self, interaction: Interaction, job: str, reason: Reason = "") -> None:
        by = await self.authorize(interaction)
        await self.confirm(interaction, await self._credit_admin.refund(by, job.strip(), reason))

    @refund.autocomplete("job")
    async def _jobs(self, interaction: Interaction, typed: str) -> list[Choice]:
        try:
            by = administrator_of(interaction)
        except NotAdministrator:
            return []
        services = self._services
        jobs = await self._credit_admin.recent_jobs(by, MAX_SEARCHED_JOBS)
        names = await self._names.display_names(interaction.guild, {job.user_id for job in jobs})
        return job_choices(jobs, names, services.cards, typed, services.text)

    @app_commands.command(description="Show this server's spending")
    @app_commands.describe(days="Number of days (default: 30)")
    async def spend(self, interaction: Interaction, days: app_commands.Range[int, 1, 365] = 30) -> None:
        by = await self.authorize(interaction)
        services = self._services
        spent = await load_spending(services, by, days)
        month = await monthly_budget(services, by, await services.ledger.rules(by.guild_id))
        drawing = await draw_chart(services, spent)
        files = [] if drawing is None else [drawing.file()]
        await send_deferred(
            interaction, spend_card(spent, month, drawing, services.cards, services.text), *files
        )

    @app_commands.command(description="Show, start or end an event in which the server pays for models")
    @app_commands.describe(
        hours="Duration in hours",
        cap="Maximum number of credits that the server pays",
        discount="Percent that the server pays (default: 100)",
        model="A model (default: all models)",
        model2="A second model",
        model3="A third model",
        end="End the running event",
    )
    @app_commands.autocomplete(
        model=AdminCommands.suggest_models,
        model2=AdminCommands.suggest_models,
        model3=AdminCommands.suggest_models,
    )
    async def event(
        self,
        interaction: Interaction,
        *,
        hours: app_commands.Range[int, 1, MAX_EVENT_HOURS] | None = None,
        cap: Positive | None = None,
        discount: app_commands.Range[int, 1, 100] = 100,
        model: str | None = None,
        model2: str | None = None,
        model3: str | None = None,
        end: bool = False,
    ) -> None:
        by = await self.authorize(interaction)
        events = self._services.event_admin
        if end:
            return await self.confirm(interaction, await events.end(by))
        if hours is None or cap is None:
            event = await events.running(by.guild_id)
            return await send_deferred(
                interaction, event_card(event, self._services.cards, self._services.text)
            )
        models = frozenset(slug for slug in (model, model2, model3) if slug is not None)
        entry = await events.start(by, EventPlan(models, discount, cap, hours))
        return await self.confirm(interaction, entry)

    async def _show_credits(
        self, interaction: Interaction, by: Administrator, member: discord.Member | None = None
    ) -> None:
        services = self._services
        if member is not None:
            return await send_deferred(
                interaction,
                member_card(member.id, *await member_balance(services, by, member), services.text),
            )
        rules = await services.ledger.rules(by.guild_id)
        month = await monthly_budget(services, by, rules)
        roles = [role.id for role in interaction.guild.roles] if interaction.guild is not None else []
        return await send_deferred(
            interaction, server_card(rules, services.policy, month, roles, services.text)
        )
