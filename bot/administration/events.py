"""Decisions about events, in which a server pays for what its members use."""

from collections.abc import Collection

from bot.administration.audit import Administrator, AuditAction, audit_entry_of
from bot.administration.credits import UnknownModel, check_bound
from bot.ledger.events import Event, EventPlan
from bot.ledger.ledger import AuditEntry, Ledger
from bot.ledger.policy import Policy


class NoEvent(Exception):
    """No event runs in this server."""


class EventAdmin:
    """Starts and ends the events of a server, and records both in the audit log."""

    def __init__(self, ledger: Ledger, policy: Policy, models: Collection[str]) -> None:
        self._ledger = ledger
        self._policy = policy
        self._models = models

    async def running(self, guild_id: int) -> Event | None:
        monthly = self._policy.bounds.grants_monthly
        return await self._ledger.running_event(guild_id, monthly=monthly)

    async def start(self, by: Administrator, plan: EventPlan) -> AuditEntry:
        """Start an event in place of the one that runs; raises `UnknownModel` and `BeyondBound`."""
        if unknown := plan.models - set(self._models):
            raise UnknownModel(min(unknown))
        # The credits of an event count towards what the administrators give away.
        check_bound("event", plan.cap, self._policy.bounds.grants_monthly, least=1)
        audit_entry = audit_entry_of(
            by,
            AuditAction.EVENT,
            models=sorted(plan.models),
            discount=plan.discount,
            hours=plan.hours,
            amount=plan.cap,
        )
        await self._ledger.start_event(by.guild_id, plan, audit_entry)
        return audit_entry

    async def end(self, by: Administrator) -> AuditEntry:
        audit_entry = audit_entry_of(by, AuditAction.EVENT_END)
        if not await self._ledger.end_event(by.guild_id, audit_entry):
            raise NoEvent
        return audit_entry
