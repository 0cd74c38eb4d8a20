"""A gift moves granted credits between two accounts, within the bounds of a day, and never more than once."""

import asyncio

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ledger.account import Balance, NotEnoughCredits
from bot.ledger.allowance import DAY, Allowance
from bot.ledger.ledger import AuditEntry, GiftLimitReached
from bot.ledger.policy import MemberTerms
from bot.store import SqlStore
from tests.store.orders import START, TERMS, HandClock, enrolled, order

GIFT = AuditEntry("2", "gift", {"member": 3}, guild_id=1)


async def give(store: SqlStore, amount: int, giver: str = "1:2", receiver: str = "1:3") -> Balance:
    return await store.gift(giver, receiver, amount, GIFT, daily=50)


async def test_a_gift_moves_granted_credits_and_stands_in_both_histories(store: SqlStore) -> None:
    assert (await give(store, 30)).granted == START - 30
    assert (await store.balance("1:3")).granted == START + 30
    (given, _), (got, _) = await store.history("1:2"), await store.history("1:3")
    assert [(line.amount, line.gift_of) for line in (given, got)] == [(-30, 3), (30, 2)]
    assert [entry.action for entry in await store.audit_entries(1)] == ["gift"]
    assert await store.discrepancies() == []


async def test_the_allowance_is_never_given(store: SqlStore) -> None:
    terms = MemberTerms(Allowance(500), TERMS.caps, TERMS.limits)
    await store.open(order(price=1), terms)
    await store.adjust("1:2", -START + 10, "", GIFT)
    with pytest.raises(NotEnoughCredits) as raised:
        await give(store, 11)
    assert raised.value.have == 10
    assert (await give(store, 10)).granted == 0
    assert await store.discrepancies() == []


async def test_a_day_bounds_what_is_given_and_what_is_received(store: SqlStore, clock: HandClock) -> None:
    await give(store, 40)
    with pytest.raises(GiftLimitReached) as raised:
        await give(store, 11, receiver="1:4")
    assert (raised.value.left, raised.value.is_giver) == (10, True)
    with pytest.raises(GiftLimitReached) as raised:
        await give(store, 11, giver="1:5")
    assert (raised.value.left, raised.value.is_giver) == (10, False)
    assert raised.value.resets_at == clock.now() // DAY * DAY + DAY
    # What somebody gets does not count against what they give.
    await give(store, 50, giver="1:3", receiver="1:6")
    await give(store, 10)
    clock.time = raised.value.resets_at
    await give(store, 50)
    assert await store.discrepancies() == []


async def test_gifts_at_the_same_time_keep_to_the_bound(url: str, clock: HandClock) -> None:
    async with SqlStore(url, start=START, clock=clock) as store:
        outcomes = await asyncio.gather(*(give(store, 20) for _ in range(5)), return_exceptions=True)
        assert sum(isinstance(each, Balance) for each in outcomes) == 2
        assert (await store.balance("1:2")).granted == START - 40
        assert await store.discrepancies() == []


async def test_gifts_of_two_processes_keep_to_the_bound(postgres_url: str, clock: HandClock) -> None:
    async with (
        SqlStore(postgres_url, start=START, clock=clock) as one,
        SqlStore(postgres_url, start=START, clock=clock) as two,
    ):
        # In both directions, so that two transactions would wait for each other if they locked in disorder.
        there = [give(store, 20) for store in (one, two) for _ in range(3)]
        back = [give(store, 20, giver="1:3", receiver="1:2") for store in (one, two) for _ in range(3)]
        outcomes = await asyncio.gather(*there, *back, return_exceptions=True)
        assert sum(isinstance(each, Balance) for each in outcomes) == 4
        assert sum(isinstance(each, GiftLimitReached) for each in outcomes) == 8
        assert [(await one.balance(account)).granted for account in ("1:2", "1:3")] == [START, START]
        assert await one.discrepancies() == []


async def test_the_audit_names_half_a_gift(store: SqlStore, raw: AsyncConnection) -> None:
    await enrolled(store)
    await raw.exec_driver_sql(
        "INSERT INTO entries (account, kind, amount, of_allowance, at, gift)"
        " VALUES ('1:2', 'adjust', -5, 0, 0, 'half')"
    )
    assert await store.discrepancies() == [
        "account 1:2 has 100 granted, but its entries add up to 95",
        "gift half has 1 entries, which add up to -5 instead of 0",
    ]


async def test_an_entry_stays_with_its_gift(store: SqlStore, raw: AsyncConnection) -> None:
    await give(store, 5)
    for change in (
        "UPDATE entries SET gift = NULL",
        "UPDATE entries SET gift = 'other' WHERE kind = 'grant'",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            await raw.exec_driver_sql(change)
    await store.member_data.forget(2, strikes_since=0)
    (got, _) = await store.history("1:3")
    assert (got.amount, got.gift_of) == (5, 0)
    assert await store.discrepancies() == []
