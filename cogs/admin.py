"""`/admin`: credits, models, limits and access of a server, within the operator's bounds."""

from collections.abc import Sequence

import discord
from discord import app_commands
from discord.ext import commands

from bot.administration.access import AccessMode
from bot.administration.audit import REASON_LIMIT, Administrator
from bot.administration.defaults import DefaultsScope
from bot.chat.account.credits_cards import balance_lines
from bot.chat.admin.access_cards import access_card, approval_lines, approval_settings_card
from bot.chat.admin.accounts import member_balance
from bot.chat.admin.audit_lines import audit_card, audit_line
from bot.chat.admin.autocomplete import (
    LOOKED_THROUGH,
    ChannelTransformer,
    Choice,
    MemberNames,
    job_choices,
    model_choices,
)
from bot.chat.admin.cards import member_card, models_card, server_card
from bot.chat.admin.defaults_card import defaults_card
from bot.chat.admin.limits import in_bytes, limits_card
from bot.chat.admin.panel.panel import Panel
from bot.chat.admin.services import AdminServices
from bot.chat.admin.spending import draw_chart, load_spending, monthly_budget, spend_card
from bot.chat.client import Doppel
from bot.chat.contexts import servers_only
from bot.chat.interactions import Interaction
from bot.chat.members import NotAdministrator, administrator_of
from bot.chat.ui.event_card import event_card
from bot.chat.ui.pagination import PageItem, PageRequest
from bot.chat.ui.replies import defer_ephemeral, send_deferred
from bot.ledger.events import MAX_EVENT_HOURS, EventPlan
from bot.ledger.ledger import AuditEntry
from bot.ledger.server_rules import OrderDefaults

Amount = app_commands.Range[int, 0]
Positive = app_commands.Range[int, 1]
Reason = app_commands.Range[str, 1, REASON_LIMIT]
Channel = app_commands.Transform[app_commands.AppCommandChannel, ChannelTransformer]
RESET = "Go back to the operator's value"
USES = [
    app_commands.Choice(name="allow, and block what isn't allowed", value=AccessMode.ONLY),
    app_commands.Choice(name="block", value=AccessMode.OFF),
    app_commands.Choice(name="no rule", value=AccessMode.UNSET),
]
FORMATS = [
    app_commands.Choice(name="PNG: lossless, large files", value="png"),
    app_commands.Choice(name="JPEG: small files", value="jpeg"),
    app_commands.Choice(name="WebP: smallest files", value="webp"),
]
LIMITS = [
    app_commands.Choice(name="simultaneous jobs per member", value="per_member"),
    app_commands.Choice(name="simultaneous jobs in the server", value="per_server"),
    app_commands.Choice(name="video length in seconds", value="video_seconds"),
    app_commands.Choice(name="picture size in MiB", value="picture_bytes"),
    app_commands.Choice(name="video size in MiB", value="video_bytes"),
]


@servers_only
@app_commands.default_permissions(manage_guild=True)
class Admin(
    commands.GroupCog,
    group_name="admin",
    group_description="Manage this server's credits, models, limits and access",
):
    """Commands of `/admin`."""

    accounts = app_commands.Group(
        name="credits", description="Manage members' credits, allowances and the monthly cap"
    )

    def __init__(self, services: AdminServices) -> None:
        self._services = services
        self._credit_admin = services.credit_admin
        self._names = MemberNames()
        self._panel = Panel(services)

    async def cog_load(self) -> None:
        self._services.pages.add("changes", self._read_changes)
        self._services.pages.add("cases", self._read_cases)

    async def cog_unload(self) -> None:
        self._services.pages.remove("changes")
        self._services.pages.remove("cases")

    @app_commands.command(description="Open the control panel: every setting of this server in one message")
    async def panel(self, interaction: Interaction) -> None:
        by = await _authorize(interaction)
        await send_deferred(interaction, await self._panel.open(interaction, by))

    @app_commands.command(description="Set the bot up for this server, step by step")
    async def setup(self, interaction: Interaction) -> None:
        by = await _authorize(interaction)
        await send_deferred(interaction, await self._panel.open_setup(interaction, by))

    @accounts.command(description="Give a member credits that never expire")
    @app_commands.describe(
        member="Member who gets the credits",
        amount="Number of credits",
        reason="Reason, which the member can see",
    )
    async def grant(
        self, interaction: Interaction, member: discord.Member, amount: Positive, reason: Reason = ""
    ) -> None:
        by = await _authorize(interaction)
        entry = await self._credit_admin.grant(by, member.id, amount, reason)
        await self._confirm(interaction, entry, member)

    @accounts.command(description="Take back granted credits from a member")
    @app_commands.describe(
        member="Member who loses the credits",
        amount="Number of credits",
        reason="Reason, which the member can see",
    )
    async def take(
        self, interaction: Interaction, member: discord.Member, amount: Positive, reason: Reason = ""
    ) -> None:
        by = await _authorize(interaction)
        entry = await self._credit_admin.take(by, member.id, amount, reason)
        await self._confirm(interaction, entry, member)

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
        by = await _authorize(interaction)
        if amount is None and not reset:
            return await self._show_credits(interaction, by, member)
        entry = await self._credit_admin.set_daily(by, amount, None if member is None else member.id)
        return await self._confirm(interaction, entry)

    @accounts.command(
        name="set-role", description="Set the daily allowance of a role (a member's highest one counts)"
    )
    @app_commands.describe(role="Role whose members get the allowance", amount="Credits per day", reset=RESET)
    async def set_role(
        self, interaction: Interaction, role: discord.Role, amount: Amount | None = None, reset: bool = False
    ) -> None:
        by = await _authorize(interaction)
        if amount is None and not reset:
            return await self._show_credits(interaction, by)
        return await self._confirm(interaction, await self._credit_admin.set_role(by, role.id, amount))

    @accounts.command(description="Set how many credits all members together can spend in a month")
    @app_commands.describe(amount="Credits per month", reset=RESET)
    async def cap(self, interaction: Interaction, amount: Amount | None = None, reset: bool = False) -> None:
        by = await _authorize(interaction)
        if amount is None and not reset:
            return await self._show_credits(interaction, by)
        return await self._confirm(interaction, await self._credit_admin.set_cap(by, amount))

    @accounts.command(description="Bound what a member gives to others in a day, and gets from them")
    @app_commands.describe(amount="Credits a day; 0 switches gifts off", reset=RESET)
    async def gifts(
        self, interaction: Interaction, amount: Amount | None = None, reset: bool = False
    ) -> None:
        by = await _authorize(interaction)
        if amount is None and not reset:
            return await self._show_credits(interaction, by)
        return await self._confirm(interaction, await self._credit_admin.set_gifts(by, amount))

    @accounts.command(description="Show this server's allowances and cap, or a member's credits")
    @app_commands.describe(member="Member whose credits to show")
    async def show(self, interaction: Interaction, member: discord.Member | None = None) -> None:
        by = await _authorize(interaction)
        await self._show_credits(interaction, by, member)

    @app_commands.command(description="Refund the credits of a finished job")
    @app_commands.describe(
        job="A recent job, or the id of any job", reason="Reason, which the member can see"
    )
    async def refund(self, interaction: Interaction, job: str, reason: Reason = "") -> None:
        by = await _authorize(interaction)
        await self._confirm(interaction, await self._credit_admin.refund(by, job.strip(), reason))

    @refund.autocomplete("job")
    async def _jobs(self, interaction: Interaction, typed: str) -> list[Choice]:
        try:
            by = administrator_of(interaction)
        except NotAdministrator:
            return []
        services = self._services
        jobs = await self._credit_admin.recent_jobs(by, LOOKED_THROUGH)
        names = await self._names.display_names(interaction.guild, {job.user_id for job in jobs})
        return job_choices(jobs, names, services.cards, typed, services.text)

    @app_commands.command(description="Show this server's spending")
    @app_commands.describe(days="Number of days (default: 30)")
    async def spend(self, interaction: Interaction, days: app_commands.Range[int, 1, 365] = 30) -> None:
        by = await _authorize(interaction)
        services = self._services
        spent = await load_spending(services, by, days)
        month = await monthly_budget(services, by, await services.ledger.rules(by.guild_id))
        drawing = await draw_chart(services, spent)
        files = [] if drawing is None else [drawing.file()]
        await send_deferred(
            interaction, spend_card(spent, month, drawing, services.cards, services.text), *files
        )

    @app_commands.command(description="Show this server's models, or turn one on or off")
    @app_commands.describe(model="The one to change", on="Whether members can use it here")
    async def models(
        self, interaction: Interaction, model: str | None = None, on: bool | None = None
    ) -> None:
        by = await _authorize(interaction)
        services = self._services
        if model is not None and on is not None:
            return await self._confirm(interaction, await self._credit_admin.set_model(by, model, on=on))
        return await send_deferred(
            interaction, models_card(services.cards, await services.ledger.rules(by.guild_id), services.text)
        )

    @models.autocomplete("model")
    async def _models(self, interaction: Interaction, typed: str) -> list[Choice]:
        del interaction
        return model_choices(self._services.cards, typed)

    @app_commands.command(description="Show this server's limits, or lower one")
    @app_commands.describe(limit="The one to change", amount="New limit", reset=RESET)
    @app_commands.choices(limit=LIMITS)
    async def limits(
        self,
        interaction: Interaction,
        limit: str | None = None,
        amount: Positive | None = None,
        reset: bool = False,
    ) -> None:
        by = await _authorize(interaction)
        services = self._services
        if limit is not None and (amount is not None or reset):
            entry = await self._credit_admin.set_limit(by, limit, in_bytes(limit, amount))
            return await self._confirm(interaction, entry)
        return await send_deferred(
            interaction, limits_card(services.policy, await services.ledger.rules(by.guild_id), services.text)
        )

    @app_commands.command(description="Show or set the defaults for orders")
    @app_commands.describe(
        channel="Only in this channel and its threads",
        role="Only for members with this role",
        model="Model to preselect in forms",
        image_format="File format of pictures",
        hidden="Show orders and results only to their member",
        spoiler="Mark results as spoilers",
        reset="Remove the defaults of this channel, this role or the server",
    )
    @app_commands.choices(image_format=FORMATS)
    async def defaults(
        self,
        interaction: Interaction,
        *,
        channel: Channel | None = None,
        role: discord.Role | None = None,
        model: str | None = None,
        image_format: str | None = None,
        hidden: bool | None = None,
        spoiler: bool | None = None,
        reset: bool = False,
    ) -> None:
        by = await _authorize(interaction)
        services = self._services
        scope = DefaultsScope(getattr(channel, "id", None), getattr(role, "id", None))
        if reset:
            return await self._confirm(interaction, await services.defaults_admin.reset(by, scope))
        chosen = OrderDefaults.model_validate(
            {"model": model, "image_format": image_format, "hidden": hidden, "spoiler": spoiler}
        )
        if chosen.named():
            return await self._confirm(interaction, await services.defaults_admin.set(by, scope, chosen))
        return await send_deferred(
            interaction, defaults_card(await services.ledger.rules(by.guild_id), services.text)
        )

    @defaults.autocomplete("model")
    async def _default_models(self, interaction: Interaction, typed: str) -> list[Choice]:
        del interaction
        return model_choices(self._services.cards, typed)

    @app_commands.command(description="Show or start an event: the server pays for models for some hours")
    @app_commands.describe(
        hours="How long",
        cap="Most credits that the server pays in all",
        discount="Percent that the server pays, all of it unless you say otherwise",
        model="Which one, all models unless you say otherwise",
        model2="A second one",
        model3="A third one",
        end="End the event that runs",
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
        by = await _authorize(interaction)
        events = self._services.event_admin
        if end:
            return await self._confirm(interaction, await events.end(by))
        if hours is None or cap is None:
            event = await events.running(by.guild_id)
            return await send_deferred(
                interaction, event_card(event, self._services.cards, self._services.text)
            )
        models = frozenset(slug for slug in (model, model2, model3) if slug is not None)
        entry = await events.start(by, EventPlan(models, discount, cap, hours))
        return await self._confirm(interaction, entry)

    @event.autocomplete("model")
    @event.autocomplete("model2")
    @event.autocomplete("model3")
    async def _event_models(self, interaction: Interaction, typed: str) -> list[Choice]:
        del interaction
        return model_choices(self._services.cards, typed)

    @app_commands.command(description="Block a member from using the bot here")
    @app_commands.describe(member="Member to block or unblock", reason="Reason, which administrators can see")
    async def block(self, interaction: Interaction, member: discord.User, reason: Reason = "") -> None:
        by = await _authorize(interaction)
        await self._confirm(interaction, await self._services.access_admin.block(by, member.id, reason))

    @app_commands.command(description="Unblock a member")
    @app_commands.describe(member="Member to block or unblock")
    async def unblock(self, interaction: Interaction, member: discord.User) -> None:
        by = await _authorize(interaction)
        await self._confirm(interaction, await self._services.access_admin.unblock(by, member.id))

    @app_commands.command(description="Take a job's pictures off the banned-image list")
    @app_commands.describe(job="Id of the job, from the report")
    async def forgive(self, interaction: Interaction, job: str) -> None:
        by = await _authorize(interaction)
        await self._confirm(interaction, await self._services.access_admin.unlist_job(by, job.strip()))

    @app_commands.command(description="Show where the bot works, or allow or block a channel")
    @app_commands.describe(channel="Channel, including its threads", use="Rule for this channel")
    @app_commands.choices(use=USES)
    async def channels(
        self, interaction: Interaction, channel: Channel | None = None, use: str | None = None
    ) -> None:
        by = await _authorize(interaction)
        if channel is not None and use is not None:
            entry = await self._services.access_admin.set_channel(by, channel.id, AccessMode(use))
            return await self._confirm(interaction, entry)
        return await self._show_access(interaction, by)

    @app_commands.command(description="Show who can use the bot, or allow or block a role")
    @app_commands.describe(role="The one to change", use="Rule for this role")
    @app_commands.choices(use=USES)
    async def roles(
        self, interaction: Interaction, role: discord.Role | None = None, use: str | None = None
    ) -> None:
        by = await _authorize(interaction)
        if role is not None and use is not None:
            entry = await self._services.access_admin.set_role(by, role.id, AccessMode(use))
            return await self._confirm(interaction, entry)
        return await self._show_access(interaction, by)

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
        by = await _authorize(interaction)
        if channel is None and not off:
            return await self._show_access(interaction, by)
        entry = await self._services.access_admin.set_log(
            by, None if channel is None else channel.id, pictures=pictures and channel is not None
        )
        return await self._confirm(interaction, entry)

    @app_commands.command(description="Choose a channel in which members can show their results")
    @app_commands.describe(channel="The channel for shared results", off="Switch the showcase off")
    async def showcase(
        self, interaction: Interaction, channel: discord.TextChannel | None = None, off: bool = False
    ) -> None:
        by = await _authorize(interaction)
        if channel is None and not off:
            return await self._show_access(interaction, by)
        chosen = None if channel is None else channel.id
        return await self._confirm(interaction, await self._services.access_admin.set_showcase(by, chosen))

    @app_commands.command(description="List open reports")
    async def cases(self, interaction: Interaction) -> None:
        await _authorize(interaction)
        await send_deferred(interaction, await self._services.pages.first(interaction, "cases"))

    @app_commands.command(description="Have moderators check each result before it is shown")
    @app_commands.describe(
        on="Turn checks on or off (leave empty to see how many results wait)",
        strangers="Whether at least results wait whose face is neither a saved one nor a shared avatar",
        own="Whether moderators may approve results of their own orders",
    )
    async def approve(
        self,
        interaction: Interaction,
        on: bool | None = None,
        strangers: bool | None = None,
        own: bool | None = None,
    ) -> None:
        by = await _authorize(interaction)
        services = self._services
        entry = None if own is None else await services.access_admin.set_own_approval(by, on=own)
        if strangers is not None:
            entry = await services.access_admin.set_strangers_approval(by, on=strangers)
        if on is not None:
            entry = await services.access_admin.set_approval(by, on=on)
        rules = await services.ledger.rules(by.guild_id)
        waiting = await services.approvals.waiting_in(by.guild_id)
        lines = approval_lines(
            rules, waiting, services.text, can_ask=await services.approvals.can_ask(by.guild_id)
        )
        if entry is None:
            return await send_deferred(interaction, approval_settings_card(lines, services.text))
        return await send_deferred(interaction, audit_card(entry, services.cards, services.text, *lines))

    @app_commands.command(description="Show who changed what in this server")
    async def changes(self, interaction: Interaction) -> None:
        await _authorize(interaction)
        await send_deferred(interaction, await self._services.pages.first(interaction, "changes"))

    @app_commands.command(name="delete-data", description="Delete this server's data")
    async def delete_data(self, interaction: Interaction) -> None:
        await _authorize(interaction)
        await send_deferred(interaction, self._services.server_deletion.question())

    async def _read_changes(self, interaction: Interaction, request: PageRequest) -> Sequence[PageItem]:
        by, services = administrator_of(interaction), self._services
        found = await services.ledger.audit_entries(
            by.guild_id, before=request.before, after=request.after, limit=request.limit
        )
        return [PageItem(entry.id, audit_line(entry, services.cards, services.text)) for entry in found]

    async def _read_cases(self, interaction: Interaction, request: PageRequest) -> Sequence[PageItem]:
        return await self._services.cases.open_cases(administrator_of(interaction).guild_id, request)

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

    async def _show_access(self, interaction: Interaction, by: Administrator) -> None:
        rules = await self._services.ledger.rules(by.guild_id)
        await send_deferred(interaction, access_card(rules, self._services.text))

    async def _confirm(
        self, interaction: Interaction, entry: AuditEntry, member: discord.Member | None = None
    ) -> None:
        services = self._services
        more: list[str] = []
        if member is not None:
            account = await member_balance(services, administrator_of(interaction), member)
            more += balance_lines(*account, services.text)
        await send_deferred(interaction, audit_card(entry, services.cards, services.text, *more))


async def _authorize(interaction: Interaction) -> Administrator:
    """Check the permission and defer the reply."""
    by = administrator_of(interaction)
    await defer_ephemeral(interaction)
    return by


async def setup(bot: Doppel) -> None:
    await bot.add_cog(Admin(bot.admin))
