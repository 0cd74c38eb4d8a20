"""Allowances, caps and limits of members, set by the operator, the server and roles."""

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
def test_the_highest_allowance_within_the_bounds_applies(rules: ServerRules, expected: int) -> None:
    assert daily(rules) == expected


def test_only_the_operator_sets_the_allowance_outside_of_servers() -> None:
    assert daily(ServerRules(daily=99), Member(2)) == 3


def test_bounds_do_not_limit_the_operators_own_allowance() -> None:
    assert daily(ServerRules(), policy=Policy(daily=900, bounds=Bounds(daily=10))) == 900


@pytest.mark.parametrize(
    ("operators", "servers", "cap"),
    [(None, None, None), (1000, None, 1000), (None, 5, 5), (1000, 5, 5), (5, 9, 5)],
)
def test_the_lower_cap_applies(operators: int | None, servers: int | None, cap: int | None) -> None:
    terms = Policy(monthly=operators).terms(MEMBER, ServerRules(monthly=servers))
    assert terms.caps.server_credits == cap


@given(st.dictionaries(st.sampled_from(LIMIT_NAMES), st.integers(0, 10**9)))
def test_a_servers_limits_never_exceed_the_operators(own: dict[str, int]) -> None:
    limits = Policy().terms(MEMBER, ServerRules(limits=own)).limits
    for name, operators in Limits().named().items():
        assert getattr(limits, name) == min(operators, own.get(name, operators))


def test_rules_survive_a_round_trip_through_json() -> None:
    rules = ServerRules(daily=0, roles={2**60: 5}, models_off=frozenset({"a"}), limits={"per_member": 1})
    stored = rules.model_dump(mode="json", exclude_defaults=True)
    assert ServerRules.model_validate(stored) == rules
    assert ServerRules.model_validate(stored | {"a rule of a later version": 1}) == rules


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


def test_the_operators_cost_factor_overrides_the_documented_one() -> None:
    prices = Prices(factors={"faceswap-v4.hardware.cost": 0.5}, fixed={"faceswap-v4": 10})
    assert prices.of(CARD, {"hardware": "cost"}, None).credits == 5
    assert prices.of(CARD, {"hardware": "cost"}, None).usd == pytest.approx(0.06175)


@given(st.integers(0, 50), st.integers(0, 90), st.floats(0, 3 * DAY), st.sampled_from(Refill))
def test_a_price_is_taken_from_the_allowance_first(
    allowance: int, price: int, now: float, refill: Refill
) -> None:
    daily_allowance = Allowance(allowance, refill)
    balance = Balance(granted=40).with_allowance(daily_allowance, now)
    if price > allowance + 40:
        return
    allocation = balance.allocate(price, daily_allowance)
    held = balance.with_hold(allocation)
    assert allocation.from_allowance == min(price, allowance)
    assert (held.free, held.held) == (allowance + 40 - price, price)
    assert held.released(allocation, lapsed=False) == balance
    assert held.captured(allocation).free == held.free
