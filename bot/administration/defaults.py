"""Decisions about a server's defaults for options that members leave open."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from bot.administration.audit import Administrator, AuditAction, audit_entry_of
from bot.administration.credits import UnknownModel
from bot.ledger.ledger import AuditEntry, Ledger
from bot.ledger.server_rules import OrderDefaults, ServerRules


class TwoPlaces(Exception):
    """Defaults are set for a channel or for a role, not for both at once."""


@dataclass(frozen=True, slots=True)
class DefaultsScope:
    """Scope of defaults: a channel, a role, or the whole server."""

    channel: int | None = None
    role: int | None = None

    def facts(self) -> dict[str, Any]:
        return {
            name: id_ for name, id_ in (("channel", self.channel), ("role", self.role)) if id_ is not None
        }


class DefaultsAdmin:
    """Changes a server's defaults, and records each change in the audit log."""

    def __init__(self, ledger: Ledger, models: Collection[str]) -> None:
        self._ledger = ledger
        self._models = models

    async def set(self, by: Administrator, scope: DefaultsScope, chosen: OrderDefaults) -> AuditEntry:
        """Add these defaults to those of the scope; raises `UnknownModel` and `TwoPlaces`."""
        if chosen.model is not None and chosen.model not in self._models:
            raise UnknownModel(chosen.model)
        return await self._change(by, scope, chosen)

    async def reset(self, by: Administrator, scope: DefaultsScope) -> AuditEntry:
        """Remove all defaults of the scope; raises `TwoPlaces`."""
        return await self._change(by, scope, None)

    async def _change(
        self, by: Administrator, scope: DefaultsScope, chosen: OrderDefaults | None
    ) -> AuditEntry:
        if scope.channel is not None and scope.role is not None:
            raise TwoPlaces

        def change(rules: ServerRules) -> ServerRules:
            return rules.model_copy(update=_update(rules, scope, chosen))

        named = {} if chosen is None else chosen.named()
        audit_entry = audit_entry_of(by, AuditAction.DEFAULTS, **scope.facts(), options=named)
        await self._ledger.change_rules(by.guild_id, change, audit_entry)
        return audit_entry


def _update(rules: ServerRules, scope: DefaultsScope, chosen: OrderDefaults | None) -> dict[str, Any]:
    if scope.channel is not None:
        name, id_, all_ = "channel_defaults", scope.channel, dict(rules.channel_defaults)
    elif scope.role is not None:
        name, id_, all_ = "role_defaults", scope.role, dict(rules.role_defaults)
    else:
        return {"defaults": _added(rules.defaults, chosen)}
    added = _added(all_.pop(id_, OrderDefaults()), chosen)
    # At the end, because the role that was set last counts.
    return {name: all_ | ({id_: added} if added.named() else {})}


def _added(old: OrderDefaults, chosen: OrderDefaults | None) -> OrderDefaults:
    return OrderDefaults() if chosen is None else OrderDefaults(**(old.named() | chosen.named()))
