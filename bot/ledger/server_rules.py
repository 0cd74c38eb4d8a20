"""What a server's administrators may set for their own server, and how far."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be going on at once, and how large it may be."""

    per_member: int = 2
    per_server: int = 20
    video_seconds: float = 60
    picture_bytes: int = 20 * MIB
    video_bytes: int = 100 * MIB

    def narrowed(self, own: Mapping[str, int]) -> "Limits":
        """A server can ask for less than the operator allows, never for more."""
        return Limits(**{name: min(most, own.get(name, most)) for name, most in self.named().items()})

    def named(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


LIMIT_NAMES = tuple(Limits().named())


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far an administrator may go with what is the operator's money."""

    daily: int = 500
    """The highest allowance."""
    grant: int = 1000
    """The most that is given to a member at once."""


class ServerRules(BaseModel):
    """One server's own settings. What is not set there follows the operator's."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    daily: int | None = Field(default=None, ge=0)
    roles: Mapping[int, int] = Field(default_factory=lambda: MappingProxyType({}))
    """The allowance of whoever has this role; the best one counts."""
    members: Mapping[int, int] = Field(default_factory=lambda: MappingProxyType({}))
    """The allowance of this one member, whatever their roles."""
    monthly: int | None = Field(default=None, ge=0)
    models_off: frozenset[str] = frozenset()
    limits: Mapping[str, int] = Field(default_factory=lambda: MappingProxyType({}))
    """By the names of `Limits`."""
    blocked: frozenset[int] = frozenset()
    """Members who may not use the bot here."""
    channels_only: frozenset[int] = frozenset()
    """Where there are any, the bot is used there alone."""
    channels_off: frozenset[int] = frozenset()
    roles_only: frozenset[int] = frozenset()
    """Where there are any, a member needs one of them."""
    roles_off: frozenset[int] = frozenset()
    log_channel: int | None = None
    """Where moderators read of finished jobs and of reports."""
    log_pictures: bool = False
    approve: bool = False
    """Whether a moderator looks at each result there before anybody else does."""
