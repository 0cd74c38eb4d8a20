"""What a member may spend: the word of the operator, within it the server, and the best of the roles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ledger.account import Balance, Member
from bot.ledger.allowance import DAY, Allowance, Refill
from bot.ledger.policy import Policy, Prices
from bot.ledger.server_rules import LIMIT_NAMES, Bounds, Limits, ServerRules
from bot.registry import model_registry

CARD = model_registry("cogs")["faceswap-v4"].card
MEMBER = Member(2, 1, frozenset({10, 11}))
POLICY = Policy(daily=50, direct_daily=3, roles={10: 60}, monthly=1000, bounds=Bounds(daily=200))


def daily(rules: ServerRules, member: Member = MEMBER, policy: Policy = POLICY) -> int:
    return policy.terms(member, rules).allowance.daily


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (ServerRules(), 60),
        (ServerRules(daily=70), 70),
        (ServerRules(daily=20), 60),
        (ServerRules(roles={11: 80}), 80),
        (ServerRules(roles={11: 80, 10: 5}), 80),
        (ServerRules(roles={10: 5}), 50),
        (ServerRules(roles={99: 150}), 60),
        (ServerRules(roles={11: 199}), 199),
        (ServerRules(roles={11: 200}), 200),
        (ServerRules(roles={11: 201}), 200),
        (ServerRules(daily=201), 200),
        (ServerRules(members={2: 0}, roles={11: 80}), 0),
        (ServerRules(members={2: 201}), 200),
        (ServerRules(members={3: 7}), 60),
    ],
)
def test_the_allowance_of_a_member(rules: ServerRules, expected: int) -> None:
    assert daily(rules) == expected


def test_outside_of_servers_the_operator_alone_decides() -> None:
    assert daily(ServerRules(daily=99), Member(2)) == 3


def test_the_operators_own_numbers_are_not_bounded_by_what_others_may_set() -> None:
    assert daily(ServerRules(), policy=Policy(daily=900, bounds=Bounds(daily=10))) == 900


@pytest.mark.parametrize(
    ("operators", "servers", "cap"),
    [(None, None, None), (1000, None, 1000), (None, 5, 5), (1000, 5, 5), (5, 9, 5)],
)
def test_the_lower_cap_holds(operators: int | None, servers: int | None, cap: int | None) -> None:
    terms = Policy(monthly=operators).terms(MEMBER, ServerRules(monthly=servers))
    assert terms.caps.server_credits == cap


@given(st.dictionaries(st.sampled_from(LIMIT_NAMES), st.integers(0, 10**9)))
def test_a_servers_limits_are_never_wider_than_the_operators(own: dict[str, int]) -> None:
    limits = Policy().terms(MEMBER, ServerRules(limits=own)).limits
    for name, most in Limits().named().items():
        assert getattr(limits, name) == min(most, own.get(name, most))


def test_rules_survive_being_written_down() -> None:
    rules = ServerRules(daily=0, roles={2**60: 5}, models_off=frozenset({"a"}), limits={"per_member": 1})
    kept = rules.model_dump(mode="json", exclude_defaults=True)
    assert ServerRules.model_validate(kept) == rules
    assert ServerRules.model_validate(kept | {"a rule of a later version": 1}) == rules


@pytest.mark.parametrize(
    ("body", "price"),
    [
        ({}, 13),
        ({"hardware": "fast", "model_type": "speed"}, 13),
        ({"hardware": "cost"}, 8),
        ({"model_type": "quality"}, 19),
        ({"hardware": "cost", "model_type": "quality"}, 12),
    ],
)
def test_an_option_that_changes_the_cost_changes_the_price(body: dict[str, str], price: int) -> None:
    assert Prices().of(CARD, body, None).credits == price


def test_the_operator_knows_better_what_an_option_costs() -> None:
    prices = Prices(factors={"faceswap-v4.hardware.cost": 0.5}, fixed={"faceswap-v4": 10})
    assert prices.of(CARD, {"hardware": "cost"}, None).credits == 5
    assert prices.of(CARD, {"hardware": "cost"}, None).usd == pytest.approx(0.06175)


@given(st.integers(0, 50), st.integers(0, 90), st.floats(0, 3 * DAY), st.sampled_from(Refill))
def test_a_price_is_split_so_that_the_allowance_goes_first(
    allowance: int, price: int, now: float, refill: Refill
) -> None:
    terms = Allowance(allowance, refill)
    balance = Balance(granted=40).with_allowance(terms, now)
    if price > allowance + 40:
        return
    split = balance.allocate(price, terms)
    held = balance.held_for(split)
    assert split.from_allowance == min(price, allowance)
    assert (held.free, held.held) == (allowance + 40 - price, price)
    assert held.released(split, lapsed=False) == balance
    assert held.captured(split).free == held.free
