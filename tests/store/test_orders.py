"""An order and its hold: both or neither, and never more than there is."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.credits.account import Balance, NotEnoughCredits
from bot.jobs.job import State
from bot.store import SqlStore, StoreRefused
from tests.store.orders import START, HandClock, opened, order, through


async def test_a_new_account_starts_with_its_credits(store: SqlStore) -> None:
    assert await store.balance("1:2") == Balance(free=START, held=0)
    assert await store.balance("1:2") == Balance(free=START, held=0)
    assert await store.audit() == []


async def test_fifty_first_questions_at_once_grant_the_start_once(store: SqlStore) -> None:
    balances = await asyncio.gather(*(store.balance("1:2") for _ in range(50)))
    assert set(balances) == {Balance(free=START, held=0)}
    assert await store.audit() == []


async def test_an_order_is_written_with_its_hold(store: SqlStore) -> None:
    job = await opened(store, price=7)
    assert await store.find(job.id) == job
    assert await store.balance(job.account) == Balance(free=START - 7, held=7)
    assert await store.audit() == []


async def test_an_order_that_is_too_dear_writes_nothing(store: SqlStore) -> None:
    job = order(price=START + 1)
    with pytest.raises(NotEnoughCredits) as refusal:
        await store.open(job)
    assert (refusal.value.need, refusal.value.have) == (START + 1, START)
    assert await store.find(job.id) is None
    assert await store.balance(job.account) == Balance(free=START, held=0)


async def test_a_job_that_cannot_be_written_leaves_no_hold(store: SqlStore) -> None:
    job = await opened(store)
    with pytest.raises(StoreRefused):
        await store.open(job)
    assert await store.balance(job.account) == Balance(free=START - 5, held=5)
    assert await store.audit() == []


async def test_of_two_hundred_racing_orders_a_balance_for_ten_pays_ten(store: SqlStore) -> None:
    answers = await asyncio.gather(*(store.open(order(price=10)) for _ in range(200)), return_exceptions=True)
    assert answers.count(None) == 10
    assert sum(isinstance(answer, NotEnoughCredits) for answer in answers) == 190
    assert await store.balance("1:2") == Balance(free=0, held=START)
    assert await store.audit() == []


async def test_orders_of_one_batch_are_taken_in_turn_as_far_as_they_fit(store: SqlStore) -> None:
    prices = (60, 50, 30, 20, 10)
    answers = await asyncio.gather(
        *(store.open(order(price=price)) for price in prices), return_exceptions=True
    )
    refused = [(a.need, a.have) if isinstance(a, NotEnoughCredits) else a for a in answers]
    assert refused == [None, (50, 40), None, (20, 10), None]


async def test_a_release_earlier_in_the_batch_pays_for_an_order_later_in_it(store: SqlStore) -> None:
    job = await opened(store, price=START)
    await asyncio.gather(through(store, job, State.CANCELLED), store.open(order(price=START)))
    assert await store.balance(job.account) == Balance(free=0, held=START)
    assert await store.audit() == []


async def test_two_processes_racing_for_one_balance_stay_exact(postgres_url: str) -> None:
    async with (
        SqlStore(postgres_url, start=START, clock=HandClock(), batch=7) as one,
        SqlStore(postgres_url, start=START, clock=HandClock(), batch=5) as other,
    ):
        answers = await asyncio.gather(
            *(store.open(order(f"1:{n % 3}", price=10)) for n in range(90) for store in (one, other)),
            return_exceptions=True,
        )
        assert answers.count(None) == 30
        assert sum(isinstance(answer, NotEnoughCredits) for answer in answers) == 150
        assert [await one.balance(f"1:{n}") for n in range(3)] == [Balance(free=0, held=START)] * 3
        assert await other.audit() == []


async def test_an_operator_gives_and_takes_but_not_below_nothing(
    store: SqlStore, raw: AsyncConnection
) -> None:
    assert await store.grant("1:2", 50, actor="7", why="a prize") == Balance(free=START + 50, held=0)
    assert await store.grant("1:2", -150, actor="7", why="a mistake") == Balance(free=0, held=0)
    with pytest.raises(NotEnoughCredits):
        await store.grant("1:2", -1, actor="7", why="too much")
    lines = await raw.exec_driver_sql("SELECT kind, amount, actor, why FROM entries ORDER BY id")
    assert [tuple(line) for line in lines] == [
        ("grant", START, None, "start"),
        ("grant", 50, "7", "a prize"),
        ("grant", -150, "7", "a mistake"),
    ]
    assert await store.audit() == []
