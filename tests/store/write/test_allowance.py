"""The allowance is spent first, lapses at the end of its day, and is never exceeded."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.jobs.job import Job, State
from bot.ledger.account import NotEnoughCredits
from bot.ledger.allowance import DAY, Allowance, Refill
from bot.ledger.ledger import AuditEntry
from bot.ledger.policy import MemberTerms
from bot.store import SqlStore
from tests.store.orders import LIFE, START, TERMS, HandClock, money, order, through

DAILY = replace(TERMS, allowance=Allowance(20))
ROLLING = replace(TERMS, allowance=Allowance(20, Refill.ROLLING))


async def opened(store: SqlStore, clock: HandClock, price: int, terms: MemberTerms = DAILY) -> Job:
    job = order(price=price, created_at=clock.now())
    await store.open(job, terms)
    return job


async def balances(store: SqlStore) -> tuple[int, int, int]:
    assert await store.discrepancies() == []
    balance = await store.balance("1:2")
    return balance.allowance, balance.granted, balance.held


async def kinds(raw: AsyncConnection) -> Sequence[tuple[str, int, int]]:
    rows = await raw.exec_driver_sql("SELECT kind, amount, of_allowance FROM entries ORDER BY id")
    return [(row.kind, row.amount, row.of_allowance) for row in rows]


async def test_the_allowance_is_spent_first_and_the_rest_is_granted_credit(
    store: SqlStore, clock: HandClock, raw: AsyncConnection
) -> None:
    await opened(store, clock, 15)
    assert await balances(store) == (5, START, 15)
    await opened(store, clock, 15)
    assert await balances(store) == (0, START - 10, 30)
    assert await kinds(raw) == [
        ("grant", START, 0),
        ("allowance", 20, 20),
        ("hold", -15, -15),
        ("hold", -15, -5),
    ]


async def test_a_release_returns_credits_to_where_they_came_from(store: SqlStore, clock: HandClock) -> None:
    job = await opened(store, clock, 30)
    await through(store, job, State.CANCELLED)
    assert await balances(store) == (20, START, 0)


async def test_a_new_day_refills_the_allowance_and_carries_nothing_over(
    store: SqlStore, clock: HandClock
) -> None:
    await through(store, await opened(store, clock, 12), *LIFE)
    clock.advance(DAY)
    await opened(store, clock, 1)
    assert await balances(store) == (19, START, 1)


async def test_midnight_is_utc_to_the_second(store: SqlStore, clock: HandClock) -> None:
    clock.time = 1_763_683_200.0 - 0.001
    await opened(store, clock, 20)
    with pytest.raises(NotEnoughCredits) as raised:
        await opened(store, clock, START + 1)
    assert (raised.value.have, raised.value.refills_at) == (START, 1_763_683_200.0)
    clock.advance(0.001)
    await opened(store, clock, START + 20)
    assert await balances(store) == (0, 0, START + 40)


async def test_held_credits_of_yesterdays_allowance_lapse_on_release(
    store: SqlStore, clock: HandClock, raw: AsyncConnection
) -> None:
    before, after = await opened(store, clock, 25), await opened(store, clock, 5)
    clock.advance(DAY)
    # One release comes before the first order of the new day, the other after it.
    await through(store, before, State.CANCELLED)
    await opened(store, clock, 3)
    await through(store, after, State.CANCELLED)
    assert await balances(store) == (17, START, 3)
    assert (await kinds(raw))[-1] == ("release", 5, 0)


@pytest.mark.parametrize("first", ["release", "order"])
async def test_a_day_never_gives_more_than_its_allowance(
    store: SqlStore, clock: HandClock, first: str
) -> None:
    yesterdays = await opened(store, clock, 20)
    clock.advance(DAY)
    if first == "release":
        await through(store, yesterdays, State.CANCELLED)
        await opened(store, clock, 4)
    else:
        await opened(store, clock, 4)
        await through(store, yesterdays, State.CANCELLED)
    assert await balances(store) == (16, START, 4)


async def test_a_rolling_day_begins_with_the_first_credit_that_is_taken(
    store: SqlStore, clock: HandClock
) -> None:
    await opened(store, clock, 0, ROLLING)
    clock.advance(DAY / 2)
    await opened(store, clock, 20, ROLLING)
    clock.advance(DAY - 1)
    with pytest.raises(NotEnoughCredits):
        await opened(store, clock, START + 1, ROLLING)
    clock.advance(1)
    await opened(store, clock, START + 1, ROLLING)
    assert await balances(store) == (0, 19, START + 21)


async def test_a_better_role_counts_at_once_and_cannot_be_taken_twice(
    store: SqlStore, clock: HandClock
) -> None:
    better = replace(TERMS, allowance=Allowance(50))
    await opened(store, clock, 15)
    for terms, left in [(better, 35), (DAILY, 5), (better, 35), (DAILY, 5)]:
        await opened(store, clock, 0, terms)
        assert (await balances(store))[0] == left
    await opened(store, clock, 30, better)
    # The member has spent more than the plain allowance; losing the role takes nothing else.
    await opened(store, clock, 0, DAILY)
    assert await balances(store) == (0, START, 45)
    await opened(store, clock, 0, better)
    assert await balances(store) == (5, START, 45)


async def test_two_hundred_racing_orders_against_an_allowance_for_ten(
    store: SqlStore, clock: HandClock
) -> None:
    await store.adjust("1:2", -START, "none of it", AuditEntry("7", "take"))
    answers = await asyncio.gather(*(opened(store, clock, 2) for _ in range(200)), return_exceptions=True)
    assert sum(isinstance(answer, Job) for answer in answers) == 10
    assert await balances(store) == (0, 0, 20)


async def test_an_account_for_direct_messages_starts_with_nothing(store: SqlStore) -> None:
    with pytest.raises(NotEnoughCredits) as raised:
        await store.open(order("direct:2"), TERMS)
    assert (raised.value.have, raised.value.refills_at) == (0, None)
    assert await money(store, "direct:2") == (0, 0)
