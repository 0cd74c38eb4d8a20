"""Prices: they follow the documented cost unless the operator sets them."""

import pytest

from bot.ledger.account import account_of
from bot.ledger.policy import Price, Prices
from bot.registry import model_registry
from tests.segmind_docs import PRICES

CARDS = {slug: model.card for slug, model in model_registry("cogs").items()}


@pytest.mark.parametrize("slug", PRICES)
def test_a_price_is_the_documented_cost_rounded_up_to_whole_credits(slug: str) -> None:
    assert Prices().of(CARDS[slug], {}, None).credits == PRICES[slug]


@pytest.mark.parametrize(
    ("seconds", "price"), [(0.4, 11), (10, 11), (10.04, 22), (20, 22), (20.5, 33), (60, 66)]
)
def test_a_video_costs_each_started_ten_seconds(seconds: float, price: int) -> None:
    assert Prices().of(CARDS["ai-face-swap"], {}, seconds).credits == price


def test_the_length_does_not_change_the_price_of_a_picture_model() -> None:
    assert Prices().of(CARDS["faceswap-v5"], {}, 60).credits == PRICES["faceswap-v5"]


def test_the_operators_price_overrides_the_documented_cost_per_ten_seconds() -> None:
    prices = Prices(fixed={"ai-face-swap": 3, "faceswap-v5": 0})
    assert prices.of(CARDS["ai-face-swap"], {}, 25) == Price(9, 0.309)
    assert prices.of(CARDS["faceswap-v5"], {}, None).credits == 0


def test_prices_rise_when_a_credit_is_worth_less() -> None:
    assert Prices(usd=0.001).of(CARDS["faceswap-v5"], {}, None).credits == 50


def test_a_member_has_one_account_per_server_and_one_outside_of_servers() -> None:
    accounts = {
        account_of(guild_id=1, user_id=2),
        account_of(guild_id=2, user_id=2),
        account_of(guild_id=None, user_id=2),
        account_of(guild_id=1, user_id=3),
    }
    assert len(accounts) == 4
