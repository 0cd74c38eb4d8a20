"""A purchase in Discord's shop is credited exactly once, also after a crash, and then consumed."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
import simcord
from discord import EntitlementType, SKUType

from bot.jobs.ports import StoreUnavailable
from bot.ledger.account import account_of
from tests.harness import Stage, eventually

COINS, OTHER = 81384788765712384, 81384788765712385
pytestmark = pytest.mark.stage(shop={"credits": {COINS: 500}})


@pytest.fixture(autouse=True)
def skus(stage: Stage) -> Mapping[int, simcord.SKUHandle]:
    return {
        COINS: stage.env.create_sku("500 credits", type=SKUType.consumable, id=COINS),
        OTHER: stage.env.create_sku("a hat", type=SKUType.consumable, id=OTHER),
    }


async def granted_credits(stage: Stage, guild_id: int | None) -> int:
    account = account_of(guild_id=guild_id, user_id=stage.member.id)
    return (await stage.app.store.balance(account)).granted


async def until_consumed(stage: Stage, bought: simcord.EntitlementHandle) -> None:
    await eventually(lambda: bought.snapshot().consumed, lambda: str(stage.env.http_requests[-3:]))
    assert await stage.app.store.discrepancies() == []


async def reconnect(stage: Stage) -> None:
    """Give the bot a new session after a lost connection."""
    asked = listings(stage)
    stage.app.client.dispatch("ready")
    await eventually(lambda: listings(stage) > asked, lambda: "nobody asked for what was bought")
    await stage.env.settle()


def listings(stage: Stage) -> int:
    return sum(entry.path.endswith("/entitlements") for entry in stage.env.http_requests)


async def test_a_purchase_is_credited_to_the_buyers_own_account_and_consumed(stage: Stage) -> None:
    bought = await stage.env.grant_entitlement(COINS, user=stage.member.id)
    await until_consumed(stage, bought)
    assert await granted_credits(stage, None) == 500
    (line,) = await stage.app.store.history(account_of(guild_id=None, user_id=stage.member.id))
    assert (line.amount, line.actor, line.why) == (500, "shop", "bought")


async def test_a_purchase_for_a_server_is_credited_there(stage: Stage) -> None:
    bought = await stage.env.grant_entitlement(COINS, user=stage.member.id, guild=stage.guild)
    await until_consumed(stage, bought)
    assert (await granted_credits(stage, stage.guild.id), await granted_credits(stage, None)) == (600, 0)
    (audit_entry,) = await stage.app.store.audit_entries(stage.guild.id)
    assert audit_entry.facts["entitlement"] == bought.id


async def test_a_repeated_event_is_credited_once(stage: Stage) -> None:
    bought = await stage.env.grant_entitlement(COINS, user=stage.member.id)
    await until_consumed(stage, bought)
    await bought.replay_create()
    await stage.env.settle()
    assert await granted_credits(stage, None) == 500


async def test_a_purchase_made_while_the_bot_was_off_is_credited_at_its_start(stage: Stage) -> None:
    bought = stage.env.seed_entitlement(COINS, user=stage.member.id)
    await reconnect(stage)
    await until_consumed(stage, bought)
    assert await granted_credits(stage, None) == 500


async def test_a_credited_purchase_is_consumed_later_and_not_credited_again(stage: Stage) -> None:
    stage.env.inject_error("POST", "*/consume", status=403)
    bought = await stage.env.grant_entitlement(COINS, user=stage.member.id)
    await eventually(lambda: _tries(stage), lambda: "nobody tried to consume it")
    assert await granted_credits(stage, None) == 500
    assert not bought.snapshot().consumed
    await reconnect(stage)
    await until_consumed(stage, bought)
    assert await granted_credits(stage, None) == 500


def _tries(stage: Stage) -> int:
    return sum(entry.path.endswith("/consume") for entry in stage.env.http_requests)


async def test_a_purchase_that_cannot_be_credited_is_neither_consumed_nor_lost(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(*_: object, **__: object) -> None:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(stage.app.store, "grant", unavailable)
        bought = await stage.env.grant_entitlement(COINS, user=stage.member.id)
        await stage.env.settle()
    assert _tries(stage) == 0
    await reconnect(stage)
    await until_consumed(stage, bought)
    assert await granted_credits(stage, None) == 500


async def test_unpaid_and_refunded_purchases_are_not_credited(stage: Stage) -> None:
    env, member = stage.env, stage.member.id
    env.seed_entitlement(COINS, user=member, deleted=True, ends_at=datetime.now(UTC))
    env.seed_entitlement(COINS, user=member, consumed=True)
    env.seed_entitlement(COINS, user=member, type=EntitlementType.test_mode_purchase)
    env.seed_entitlement(COINS, user=member, type=EntitlementType.application_subscription)
    env.seed_entitlement(COINS, guild=stage.guild)
    await reconnect(stage)
    await env.grant_entitlement(COINS, user=member, type=EntitlementType.test_mode_purchase)
    await env.grant_entitlement(OTHER, user=member)
    await env.settle()
    assert (await granted_credits(stage, None), _tries(stage)) == (0, 0)


async def test_only_the_first_process_searches_for_purchases(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.app.client, "shard_id", 1)
    asked = listings(stage)
    stage.app.client.dispatch("ready")
    await stage.env.settle()
    assert listings(stage) == asked


@pytest.mark.stage(shop={})
async def test_without_a_shop_nothing_is_searched_or_credited(stage: Stage) -> None:
    stage.app.client.dispatch("ready")
    await stage.env.grant_entitlement(COINS, user=stage.member.id)
    await stage.env.settle()
    assert (listings(stage), await granted_credits(stage, None)) == (0, 0)
