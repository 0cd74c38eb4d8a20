"""An order is written together with its hold or not at all, and never exceeds the balance."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.jobs.job import State
from bot.ledger.account import NotEnoughCredits
from bot.ledger.ledger import AlreadyRefunded, AuditEntry
from bot.store import ChangeRejected, SqlStore
from tests.store.orders import LIFE, START, TERMS, HandClock, batch, money, opened, order, through


async def test_a_new_account_starts_with_its_credits(store: SqlStore) -> None:
    assert await money(store, "1:2") == (START, 0)
    assert await money(store, "1:2") == (START, 0)
    assert await store.discrepancies() == []


async def test_fifty_racing_grants_to_a_new_account_start_it_once(store: SqlStore) -> None:
    given = (store.grant("1:2", 1, "a prize", AuditEntry("7", "grant")) for _ in range(50))
    assert max(balance.granted for balance in await asyncio.gather(*given)) == START + 50
    assert await store.discrepancies() == []


async def test_an_order_is_written_with_its_hold(store: SqlStore) -> None:
    job = await opened(store, price=7)
    assert await store.find(job.id) == job
    assert await money(store, job.account) == (START - 7, 7)
    assert await store.discrepancies() == []


async def test_an_order_that_is_too_dear_writes_nothing(store: SqlStore) -> None:
    job = order(price=START + 1)
    with pytest.raises(NotEnoughCredits) as raised:
        await store.open(job, TERMS)
    assert (raised.value.need, raised.value.have) == (START + 1, START)
    assert await store.find(job.id) is None
    assert await money(store, job.account) == (START, 0)


async def test_a_job_that_cannot_be_written_leaves_no_hold(store: SqlStore) -> None:
    job = await opened(store)
    with pytest.raises(ChangeRejected):
        await store.open(job, TERMS)
    assert await money(store, job.account) == (START - 5, 5)
    assert await store.discrepancies() == []


async def test_a_batch_is_written_with_a_hold_for_each_job(store: SqlStore) -> None:
    first, *others = jobs = batch(7, 8, 9)
    await store.open(first, TERMS, *others)
    assert await store.find_batch(first.id) == jobs
    assert await money(store, first.account) == (START - 24, 24)
    cancelled = await through(store, others[0], State.CANCELLED)
    await through(store, others[1], *LIFE)
    assert await money(store, first.account) == (START - 24 + cancelled.price, first.price)
    assert await store.discrepancies() == []


async def test_a_batch_that_is_too_dear_as_a_whole_writes_nothing(store: SqlStore) -> None:
    first, *others = batch(60, 40, 1)
    with pytest.raises(NotEnoughCredits) as raised:
        await store.open(first, TERMS, *others)
    assert (raised.value.need, raised.value.have) == (START + 1, START)
    assert await store.find_batch(first.id) == []
    assert await money(store, first.account) == (START, 0)


async def test_a_batch_of_which_one_job_exists_already_writes_nothing(store: SqlStore) -> None:
    first, *others = batch(5, 6)
    await store.open(others[0], TERMS)
    with pytest.raises(ChangeRejected):
        await store.open(first, TERMS, *others)
    assert await store.find(first.id) is None
    assert await money(store, first.account) == (START - others[0].price, others[0].price)
    assert await store.discrepancies() == []


async def test_two_hundred_racing_orders_spend_a_balance_for_ten_exactly(store: SqlStore) -> None:
    answers = await asyncio.gather(
        *(store.open(order(price=10), TERMS) for _ in range(200)), return_exceptions=True
    )
    assert answers.count(None) == 10
    assert sum(isinstance(answer, NotEnoughCredits) for answer in answers) == 190
    assert await money(store, "1:2") == (0, START)
    assert await store.discrepancies() == []


async def test_the_orders_of_one_batch_are_decided_in_order(store: SqlStore) -> None:
    prices = (60, 50, 30, 20, 10)
    answers = await asyncio.gather(
        *(store.open(order(price=price), TERMS) for price in prices), return_exceptions=True
    )
    refused = [(a.need, a.have) if isinstance(a, NotEnoughCredits) else a for a in answers]
    assert refused == [None, (50, 40), None, (20, 10), None]


async def test_a_release_earlier_in_the_batch_pays_for_an_order_later_in_it(store: SqlStore) -> None:
    job = await opened(store, price=START)
    await asyncio.gather(through(store, job, State.CANCELLED), store.open(order(price=START), TERMS))
    assert await money(store, job.account) == (0, START)
    assert await store.discrepancies() == []


async def test_two_processes_racing_for_one_balance_stay_exact(postgres_url: str) -> None:
    async with (
        SqlStore(postgres_url, start=START, clock=HandClock(), batch=7) as one,
        SqlStore(postgres_url, start=START, clock=HandClock(), batch=5) as other,
    ):
        answers = await asyncio.gather(
            *(store.open(order(f"1:{n % 3}", price=10), TERMS) for n in range(90) for store in (one, other)),
            return_exceptions=True,
        )
        assert answers.count(None) == 30
        assert sum(isinstance(answer, NotEnoughCredits) for answer in answers) == 150
        assert [await money(one, f"1:{n}") for n in range(3)] == [(0, START)] * 3
        assert await other.discrepancies() == []


async def test_grants_and_deductions_are_recorded_and_never_overdraw_an_account(
    store: SqlStore, raw: AsyncConnection, clock: HandClock
) -> None:
    grant = AuditEntry("7", "grant", {"amount": 50}, guild_id=1)
    assert (await store.grant("1:2", 50, "a prize", grant)).granted == START + 50
    take = AuditEntry("7", "take", {"amount": 150}, guild_id=1)
    assert (await store.adjust("1:2", -150, "a mistake", take)).granted == 0
    with pytest.raises(NotEnoughCredits):
        await store.adjust("1:2", -1, "too much", take)
    lines = await raw.exec_driver_sql("SELECT kind, amount, actor, why FROM entries ORDER BY id")
    assert [tuple(line) for line in lines] == [
        ("grant", START, None, "start"),
        ("grant", 50, "7", "a prize"),
        ("adjust", -150, "7", "a mistake"),
    ]
    done = [replace(take, at=clock.now(), id=2), replace(grant, at=clock.now(), id=1)]
    assert await store.audit_entries(1) == done
    assert await store.audit_entries(2) == await store.audit_entries(None) == []
    assert await store.discrepancies() == []


async def test_a_job_is_refunded_once(store: SqlStore) -> None:
    job = await through(store, await opened(store), *LIFE)
    refund = AuditEntry("7", "refund", {"job": job.id}, guild_id=1)
    answers = await asyncio.gather(
        *(store.adjust(job.account, 5, "blurred", refund, job_id=job.id) for _ in range(3)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, AlreadyRefunded) for answer in answers) == 2
    assert await money(store, job.account) == (START, 0)
    assert len(await store.audit_entries(1)) == 1
    assert await store.discrepancies() == []
