"""Rules that administrators set for their own server, and the operator's bounds on them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on jobs in progress and on the size of files."""

    per_member: int = 2
    per_server: int = 20
    video_seconds: float = 60
    picture_bytes: int = 20 * MIB
    video_bytes: int = 100 * MIB

    def narrowed(self, own: Mapping[str, int]) -> "Limits":
        """The operator's limits, lowered by a server's own, which can never raise them."""
        return Limits(**{name: min(limit, own.get(name, limit)) for name, limit in self.named().items()})

    def named(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


LIMIT_NAMES = tuple(Limits().named())


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that an administrator may give away of the operator's money."""

    daily: int = 500
    """Highest daily allowance."""
    grant: int = 1000
    """Largest single grant to a member."""
    grants_monthly: int = 5000
    """Most that all administrators of a server give away in a month, refunds included."""


class OrderDefaults(BaseModel):
    """Defaults for options that a member leaves open; None sets no default."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str | None = None
    """Slug of the model that forms preselect."""
    image_format: Literal["png", "jpeg", "webp"] | None = None
    hidden: bool | None = None
    spoiler: bool | None = None

    def named(self) -> dict[str, Any]:
        """The options that are set, by their names."""
        return self.model_dump(exclude_none=True)


class ServerRules(BaseModel):
    """One server's own rules. The operator's settings apply to whatever is unset."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    daily: int | None = Field(default=None, ge=0)
    roles: Mapping[int, int] = Field(default_factory=lambda: MappingProxyType({}))
    """Allowance by role; the highest one of a member's roles counts."""
    members: Mapping[int, int] = Field(default_factory=lambda: MappingProxyType({}))
    """Allowance by member, which overrides their roles."""
    monthly: int | None = Field(default=None, ge=0)
    gifts: int | None = Field(default=None, ge=0)
    """Credits that a member may give in a day, and get."""
    models_off: frozenset[str] = frozenset()
    limits: Mapping[str, int] = Field(default_factory=lambda: MappingProxyType({}))
    """The server's own limits, by their names in `Limits`."""
    blocked: frozenset[int] = frozenset()
    """Members who may not use the bot here."""
    channels_only: frozenset[int] = frozenset()
    """If not empty, the bot works in these channels only."""
    channels_off: frozenset[int] = frozenset()
    roles_only: frozenset[int] = frozenset()
    """If not empty, a member needs one of these roles."""
    roles_off: frozenset[int] = frozenset()
    log_channel: int | None = None
    """Channel for finished jobs and reports, which moderators read."""
    log_pictures: bool = False
    showcase: int | None = None
    """Channel in which members may show their results."""
    approve: bool = False
    """True if a moderator approves each result in the log channel before anybody else sees it."""
    approve_strangers: bool = False
    """True if a moderator approves each result whose face is neither a saved one nor a shared avatar."""
    approve_own: bool = False
    """True if moderators may approve results of their own orders."""
    defaults: OrderDefaults = OrderDefaults()
    role_defaults: Mapping[int, OrderDefaults] = Field(default_factory=lambda: MappingProxyType({}))
    channel_defaults: Mapping[int, OrderDefaults] = Field(default_factory=lambda: MappingProxyType({}))

    def defaults_for(self, roles: Collection[int], channels: Collection[int]) -> OrderDefaults:
        """Defaults of an order: a channel's count before a role's, and those before the server's.

        Of several roles, the one that was set last counts.
        """
        applying = [
            self.defaults,
            *(own for role, own in self.role_defaults.items() if role in roles),
            *(own for channel, own in self.channel_defaults.items() if channel in channels),
        ]
        named: dict[str, Any] = {}
        for each in applying:
            named |= each.named()
        return OrderDefaults(**named)
