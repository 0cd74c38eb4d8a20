"""Access checks on members, channels, roles and media. If the store is unavailable, access is denied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.clock import Clock
from bot.ledger.allowance import DAY
from bot.ledger.server_rules import ServerRules
from bot.media.fingerprints import Fingerprint
from bot.moderation.errors import (
    AgeRestricted,
    BannedMedia,
    Blocked,
    NoConsent,
    RecentlyDeleted,
    Suspended,
    WrongChannel,
    WrongRole,
)
from bot.moderation.ports import AccessStore, MemberPreferences, ServerRulesReader

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class AccessRules:
    """The operator's access rules, for all servers."""

    consent_version: str | None = None
    """Version of the terms that members have to accept; None if they need not."""
    age_restricted: bool = False
    """True if the bot works in age-restricted channels."""
    blocked: frozenset[int] = frozenset()
    strikes: int = 3
    """Number of blocked orders that leads to a suspension; 0 turns suspensions off."""
    strike_days: float = 7
    pause_hours: float = 24
    distance: int = 6
    """Number of the 64 bits of a hash in which a copy may differ from the original."""

    def suspension_end(self, strikes: Sequence[float]) -> float | None:
        """End of the suspension after strikes at these times, newest first; None if they are too few."""
        if not self.strikes or len(strikes) < self.strikes:
            return None
        return strikes[0] + self.pause_hours * HOUR


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Member who wants to use the bot, and the place where they do."""

    user_id: int
    guild_id: int | None = None
    channels: frozenset[int] = field(default_factory=frozenset[int])
    """The channel, and for a thread its parent too."""
    roles: frozenset[int] = field(default_factory=frozenset[int])
    age_restricted: bool = False


class AccessPolicy:
    """Checks a request against the rules of the operator and of the server; raises `AccessDenied`."""

    def __init__(
        self, store: AccessStore, server_rules: ServerRulesReader, rules: AccessRules, clock: Clock
    ) -> None:
        self._store = store
        self._server_rules = server_rules
        self._rules = rules
        self._clock = clock

    @property
    def consent_version(self) -> str | None:
        return self._rules.consent_version

    async def require_consent(self, user_id: int) -> None:
        if self.consent_version is not None:
            self._check_consent(await self._store.preferences(user_id))

    async def check(self, request: AccessRequest) -> None:
        preferences = await self._store.preferences(request.user_id)
        self._check_consent(preferences)
        if request.user_id in self._rules.blocked:
            raise Blocked(everywhere=True)
        if request.age_restricted and not self._rules.age_restricted:
            raise AgeRestricted
        if request.guild_id is not None:
            _check_server_rules(await self._server_rules.rules(request.guild_id), request)
        now = self._clock.now()
        if preferences.left_at is not None and now < preferences.left_at + DAY:
            raise RecentlyDeleted(preferences.left_at + DAY)
        await self._check_strikes(request.user_id, now)

    async def has_log(self, guild_id: int) -> bool:
        """Return True if the server has a log channel, in which moderators approve results."""
        return (await self._server_rules.rules(guild_id)).log_channel is not None

    async def check_fingerprints(self, fingerprints: Mapping[str, Fingerprint], guild_id: int | None) -> None:
        """Raise `BannedMedia` for the first fingerprint that is banned in this server."""
        if not fingerprints:
            return
        banned = await self._store.find_banned([each.exact for each in fingerprints.values()], guild_id)
        for option, each in fingerprints.items():
            if each.exact in banned.exact or each.resembles(banned.dhashes, self._rules.distance):
                raise BannedMedia(option)

    def _check_consent(self, preferences: MemberPreferences) -> None:
        if self.consent_version is not None and preferences.agreed_to != self.consent_version:
            raise NoConsent

    async def _check_strikes(self, user_id: int, now: float) -> None:
        rules = self._rules
        if rules.strikes:
            strikes = await self._store.strikes(user_id, now - rules.strike_days * DAY)
            until = rules.suspension_end(strikes)
            if until is not None and now < until:
                raise Suspended(until)


def _check_server_rules(rules: ServerRules, request: AccessRequest) -> None:
    if request.user_id in rules.blocked:
        raise Blocked(everywhere=False)
    only = rules.channels_only
    if request.channels & rules.channels_off or (only and not request.channels & only):
        raise WrongChannel
    if request.roles & rules.roles_off or (rules.roles_only and not request.roles & rules.roles_only):
        raise WrongRole
