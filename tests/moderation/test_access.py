"""The rules of the door, in the order in which they are asked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from bot.chat.errors import ErrorMessages
from bot.chat.text import Text
from bot.ledger.ledger import AuditEntry
from bot.ledger.server_rules import ServerRules
from bot.moderation.access import AccessPolicy, AccessRequest, AccessRules
from bot.moderation.errors import (
    AccessDenied,
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
from bot.moderation.ports import ListedFingerprints, Standing
from tests.clocks import LeapingClock

DAY = 86_400.0
HERE = AccessRequest(user_id=2, guild_id=1, channels=frozenset({3, 4}), roles=frozenset({5}))
HOUSE = AccessRules(consent_version="1")


@dataclass
class Memory:
    """What is known of one member, and the rules of one server."""

    agreed: str | None = "1"
    blocked_at: list[float] = field(default_factory=list[float])
    left: float | None = None
    looks: list[int] = field(default_factory=list[int])
    exact: set[str] = field(default_factory=set[str])
    its_rules: ServerRules = field(default_factory=ServerRules)

    async def rules(self, guild_id: int) -> ServerRules:
        assert guild_id == 1
        return self.its_rules

    async def standing(self, user_id: int) -> Standing:
        return Standing(self.agreed, left_at=self.left) if user_id == 2 else Standing()

    async def strikes(self, user_id: int, since: float) -> Sequence[float]:
        return [at for at in self.blocked_at if at >= since and user_id == 2]

    async def find_listed(self, exact: Collection[str], guild_id: int | None) -> ListedFingerprints:
        if guild_id != 1:
            return ListedFingerprints(set(), ())
        return ListedFingerprints(self.exact & set(exact), self.looks)

    async def agree(self, user_id: int, version: str) -> None: ...
    async def set_opted_out(self, user_id: int, out: bool) -> None: ...
    async def list_fingerprints(
        self, fingerprints: Collection[Fingerprint], guild_id: int | None, job_id: str
    ) -> None: ...
    async def unlist(self, job_id: str, guild_id: int) -> int: ...
    async def save_fingerprints(self, job_id: str, fingerprints: Mapping[str, Fingerprint]) -> None: ...
    async def fingerprints_of(self, job_id: str) -> Mapping[str, Fingerprint]: ...
    async def take_down(self, job_id: str, actor: str) -> None: ...
    async def is_down(self, job_id: str) -> bool: ...
    async def posts_of(self, job_id: str) -> Sequence[tuple[int, int]]: ...
    async def record(self, audit_entry: AuditEntry) -> None: ...


def door(memory: Memory, house: AccessRules = HOUSE, now: float = 100 * DAY) -> AccessPolicy:
    return AccessPolicy(memory, memory, house, LeapingClock(now))


async def refusal(
    memory: Memory, visit: AccessRequest = HERE, house: AccessRules = HOUSE
) -> type[AccessDenied] | None:
    try:
        await door(memory, house).check(visit)
    except AccessDenied as refused:
        return type(refused)
    return None


@pytest.mark.parametrize(
    ("memory", "visit", "house", "meant"),
    [
        (Memory(), HERE, HOUSE, None),
        (Memory(agreed="0"), HERE, HOUSE, NoConsent),
        (Memory(agreed=None), HERE, replace(HOUSE, version=None), None),
        (Memory(), HERE, replace(HOUSE, blocked=frozenset({2})), Blocked),
        (Memory(), replace(HERE, age_restricted=True), HOUSE, AgeRestricted),
        (Memory(), replace(HERE, age_restricted=True), replace(HOUSE, age_restricted=True), None),
        (Memory(its_rules=ServerRules(blocked=frozenset({2}))), HERE, HOUSE, Blocked),
        (Memory(its_rules=ServerRules(blocked=frozenset({2}))), replace(HERE, guild_id=None), HOUSE, None),
        (Memory(its_rules=ServerRules(channels_only=frozenset({4}))), HERE, HOUSE, None),
        (Memory(its_rules=ServerRules(channels_only=frozenset({9}))), HERE, HOUSE, WrongChannel),
        (Memory(its_rules=ServerRules(channels_off=frozenset({3}))), HERE, HOUSE, WrongChannel),
        (Memory(its_rules=ServerRules(roles_only=frozenset({9}))), HERE, HOUSE, WrongRole),
        (Memory(its_rules=ServerRules(roles_only=frozenset({5, 9}))), HERE, HOUSE, None),
        (Memory(its_rules=ServerRules(roles_off=frozenset({5}))), HERE, HOUSE, WrongRole),
        (Memory(left=99.5 * DAY), HERE, HOUSE, RecentlyDeleted),
        (Memory(left=98.9 * DAY), HERE, HOUSE, None),
        (Memory(blocked_at=[99.5 * DAY, 98 * DAY, 94 * DAY]), HERE, HOUSE, Suspended),
        (Memory(blocked_at=[99.5 * DAY, 98 * DAY, 92 * DAY]), HERE, HOUSE, None),
        (Memory(blocked_at=[98.9 * DAY, 98 * DAY, 94 * DAY]), HERE, HOUSE, None),
        (Memory(blocked_at=[99.5 * DAY] * 9), HERE, replace(HOUSE, strikes=0), None),
    ],
)
async def test_who_is_let_in(
    memory: Memory, visit: AccessRequest, house: AccessRules, meant: type[AccessDenied] | None
) -> None:
    assert await refusal(memory, visit, house) is meant


@pytest.mark.parametrize(("bits", "guild", "let_in"), [(6, 1, False), (7, 1, True), (0, None, True)])
async def test_a_near_copy_is_refused_up_to_the_distance(bits: int, guild: int | None, let_in: bool) -> None:
    look = 0x0123_4567_89AB_CDEF
    its = door(Memory(looks=[look ^ (1 << bits) - 1], exact={"a"}))
    fingerprints = {"source_image": Fingerprint("b"), "target_image": Fingerprint("c", (look,))}
    if let_in:
        return await its.check_fingerprints(fingerprints, guild)
    with pytest.raises(ListedMedia) as refused:
        await its.check_fingerprints(fingerprints, guild)
    assert refused.value.option == "target_image"
    return None


async def test_the_same_bytes_are_refused_whatever_they_look_like() -> None:
    with pytest.raises(ListedMedia):
        await door(Memory(exact={"a"})).check_fingerprints({"mask_image": Fingerprint("a")}, 1)


def test_every_refusal_has_a_sentence() -> None:
    words = ErrorMessages(Text.load())
    refusals = [
        NoConsent(),
        Blocked(everywhere=True),
        Blocked(everywhere=False),
        WrongChannel(),
        WrongRole(),
        AgeRestricted(),
        Suspended(1.0),
        RecentlyDeleted(1.0),
        ListedMedia("target_image"),
    ]
    assert {type(each) for each in refusals} == set(AccessDenied.__subclasses__())
    said = {words.message_for(each) for each in refusals}
    assert len(said) == len(refusals)
    assert not any("unexpected" in each for each in said)
