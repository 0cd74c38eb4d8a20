"""The door: who is let in, and with what. Where the store cannot be asked, nobody is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.clock import Clock
from bot.ledger.allowance import DAY
from bot.ledger.server_rules import ServerRules
from bot.moderation.errors import (
    AgeRestricted,
    Blocked,
    ListedMedia,
    NoConsent,
    RecentlyDeleted,
    Suspended,
    WrongChannel,
    WrongRole,
)
from bot.moderation.fingerprints import Fingerprint
from bot.moderation.ports import ModerationStore, ServerRulesReader, Standing

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class AccessRules:
    """The operator's own rules."""

    consent_version: str | None = None
    """What has to be agreed to; none where nothing has."""
    age_restricted: bool = False
    """Whether channels for adults are served."""
    blocked: frozenset[int] = frozenset()
    strikes: int = 3
    """So many blocked orders lead to a pause; 0 is never."""
    strike_days: float = 7
    pause_hours: float = 24
    distance: int = 6
    """In so many of 64 bits a copy may differ and still be one."""


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Who asks, and from where."""

    user_id: int
    guild_id: int | None = None
    channels: frozenset[int] = field(default_factory=frozenset[int])
    """The channel; where it is a thread, the one that it belongs to as well."""
    roles: frozenset[int] = field(default_factory=frozenset[int])
    age_restricted: bool = False


class AccessPolicy:
    def __init__(
        self, store: ModerationStore, server_rules: ServerRulesReader, rules: AccessRules, clock: Clock
    ) -> None:
        self._register = store
        self._rules = server_rules
        self._house = rules
        self._clock = clock

    @property
    def consent_version(self) -> str | None:
        return self._house.consent_version

    async def require_consent(self, user_id: int) -> None:
        if self._house.consent_version is not None:
            self._mind_consent(await self._register.standing(user_id))

    async def check(self, visit: AccessRequest) -> None:
        standing = await self._register.standing(visit.user_id)
        self._mind_consent(standing)
        if visit.user_id in self._house.blocked:
            raise Blocked(everywhere=True)
        if visit.age_restricted and not self._house.age_restricted:
            raise AgeRestricted
        if visit.guild_id is not None:
            _obey(await self._rules.rules(visit.guild_id), visit)
        await self._check_strikes(visit.user_id, standing)

    async def check_fingerprints(self, fingerprints: Mapping[str, Fingerprint], guild_id: int | None) -> None:
        """Raises `ListedMedia` for the first that is on a list."""
        if not fingerprints:
            return
        listed = await self._register.find_listed([each.exact for each in fingerprints.values()], guild_id)
        for option, each in fingerprints.items():
            if each.exact in listed.exact or each.resembles(listed.dhashes, self._house.distance):
                raise ListedMedia(option)

    def _mind_consent(self, standing: Standing) -> None:
        version = self._house.consent_version
        if version is not None and standing.agreed_to != version:
            raise NoConsent

    async def _check_strikes(self, user_id: int, standing: Standing) -> None:
        now = self._clock.now()
        if standing.left_at is not None and now < standing.left_at + DAY:
            raise RecentlyDeleted(standing.left_at + DAY)
        its = self._house
        if its.strikes:
            strikes = await self._register.strikes(user_id, now - its.strike_days * DAY)
            if len(strikes) >= its.strikes and now < (until := strikes[0] + its.pause_hours * HOUR):
                raise Suspended(until)


def _obey(rules: ServerRules, visit: AccessRequest) -> None:
    if visit.user_id in rules.blocked:
        raise Blocked(everywhere=False)
    only = rules.channels_only
    if visit.channels & rules.channels_off or (only and not visit.channels & only):
        raise WrongChannel
    if visit.roles & rules.roles_off or (rules.roles_only and not visit.roles & rules.roles_only):
        raise WrongRole
