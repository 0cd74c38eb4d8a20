"""Access checks, in the order in which the policy makes them."""

import inspect
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import pytest

from bot.chat.errors import ErrorMessages
from bot.chat.text import Text
from bot.ledger.server_rules import ServerRules
from bot.media.fingerprints import Fingerprint
from bot.moderation.access import AccessPolicy, AccessRequest, AccessRules
from bot.moderation.errors import (
    AccessDenied,
    AgeRestricted,
    BannedMedia,
    Blocked,
    NoConsent,
    RecentlyDeleted,
    Suspended,
    WrongChannel,
    WrongRole,
)
from bot.moderation.ports import BannedFingerprints, MemberPreferences
from tests.clocks import LeapingClock

DAY = 86_400.0
REQUEST = AccessRequest(user_id=2, guild_id=1, channels=frozenset({3, 4}), roles=frozenset({5}))
RULES = AccessRules(consent_version="1")


@dataclass
class MemoryStore:
    """Moderation store with one member and the rules of one server."""

    agreed_to: str | None = "1"
    strike_times: list[float] = field(default_factory=list[float])
    left_at: float | None = None
    dhashes: list[int] = field(default_factory=list[int])
    exact: set[str] = field(default_factory=set[str])
    server_rules: ServerRules = field(default_factory=ServerRules)

    async def rules(self, guild_id: int) -> ServerRules:
        assert guild_id == 1
        return self.server_rules

    async def preferences(self, user_id: int) -> MemberPreferences:
        return (
            MemberPreferences(self.agreed_to, left_at=self.left_at) if user_id == 2 else MemberPreferences()
        )

    async def strikes(self, user_id: int, since: float) -> Sequence[float]:
        return [at for at in self.strike_times if at >= since and user_id == 2]

    async def find_banned(self, exact: Collection[str], guild_id: int | None) -> BannedFingerprints:
        if guild_id != 1:
            return BannedFingerprints(set(), ())
        return BannedFingerprints(self.exact & set(exact), self.dhashes)


def policy(store: MemoryStore, rules: AccessRules = RULES) -> AccessPolicy:
    return AccessPolicy(store, store, rules, LeapingClock(100 * DAY))


async def denial(store: MemoryStore, request: AccessRequest, rules: AccessRules) -> type[AccessDenied] | None:
    try:
        await policy(store, rules).check(request)
    except AccessDenied as error:
        return type(error)
    return None


@pytest.mark.parametrize(
    ("store", "request_", "rules", "expected"),
    [
        (MemoryStore(), REQUEST, RULES, None),
        (MemoryStore(agreed_to="0"), REQUEST, RULES, NoConsent),
        (MemoryStore(agreed_to=None), REQUEST, replace(RULES, consent_version=None), None),
        (MemoryStore(), REQUEST, replace(RULES, blocked=frozenset({2})), Blocked),
        (MemoryStore(), replace(REQUEST, age_restricted=True), RULES, AgeRestricted),
        (MemoryStore(), replace(REQUEST, age_restricted=True), replace(RULES, age_restricted=True), None),
        (MemoryStore(server_rules=ServerRules(blocked=frozenset({2}))), REQUEST, RULES, Blocked),
        (
            MemoryStore(server_rules=ServerRules(blocked=frozenset({2}))),
            replace(REQUEST, guild_id=None),
            RULES,
            None,
        ),
        (MemoryStore(server_rules=ServerRules(channels_only=frozenset({4}))), REQUEST, RULES, None),
        (MemoryStore(server_rules=ServerRules(channels_only=frozenset({9}))), REQUEST, RULES, WrongChannel),
        (MemoryStore(server_rules=ServerRules(channels_off=frozenset({3}))), REQUEST, RULES, WrongChannel),
        (MemoryStore(server_rules=ServerRules(roles_only=frozenset({9}))), REQUEST, RULES, WrongRole),
        (MemoryStore(server_rules=ServerRules(roles_only=frozenset({5, 9}))), REQUEST, RULES, None),
        (MemoryStore(server_rules=ServerRules(roles_off=frozenset({5}))), REQUEST, RULES, WrongRole),
        (MemoryStore(left_at=99.5 * DAY), REQUEST, RULES, RecentlyDeleted),
        (MemoryStore(left_at=98.9 * DAY), REQUEST, RULES, None),
        (MemoryStore(strike_times=[99.5 * DAY, 98 * DAY, 94 * DAY]), REQUEST, RULES, Suspended),
        (MemoryStore(strike_times=[99.5 * DAY, 98 * DAY, 92 * DAY]), REQUEST, RULES, None),
        (MemoryStore(strike_times=[98.9 * DAY, 98 * DAY, 94 * DAY]), REQUEST, RULES, None),
        (MemoryStore(strike_times=[99.5 * DAY] * 9), REQUEST, replace(RULES, strikes=0), None),
    ],
)
async def test_the_first_rule_that_forbids_a_request_denies_it(
    store: MemoryStore, request_: AccessRequest, rules: AccessRules, expected: type[AccessDenied] | None
) -> None:
    assert await denial(store, request_, rules) is expected


@pytest.mark.parametrize(("bits", "guild", "allowed"), [(6, 1, False), (7, 1, True), (0, None, True)])
async def test_a_near_copy_of_banned_media_is_denied_up_to_the_distance(
    bits: int, guild: int | None, allowed: bool
) -> None:
    dhash = 0x0123_4567_89AB_CDEF
    access_policy = policy(MemoryStore(dhashes=[dhash ^ (1 << bits) - 1], exact={"a"}))
    fingerprints = {"source_image": Fingerprint("b"), "target_image": Fingerprint("c", (dhash,))}
    if allowed:
        return await access_policy.check_fingerprints(fingerprints, guild)
    with pytest.raises(BannedMedia) as caught:
        await access_policy.check_fingerprints(fingerprints, guild)
    assert caught.value.option == "target_image"
    return None


async def test_banned_bytes_are_denied_without_a_difference_hash() -> None:
    with pytest.raises(BannedMedia):
        await policy(MemoryStore(exact={"a"})).check_fingerprints({"mask_image": Fingerprint("a")}, 1)


def test_every_denial_has_its_own_message() -> None:
    messages = ErrorMessages(Text.load())
    facts = {"until": 1.0, "option": "target_image", "everywhere": False}
    denials = [
        denial(**{name: facts[name] for name in facts.keys() & inspect.signature(denial.__init__).parameters})
        for denial in AccessDenied.__subclasses__()
    ]
    denials.append(Blocked(everywhere=True))
    shown = {messages.message_for(each) for each in denials}
    assert len(shown) == len(denials)
    assert not any("unexpected" in message for message in shown)
