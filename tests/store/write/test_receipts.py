"""A receipt is credited once, which the tables themselves enforce."""

import asyncio

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ledger.account import Balance
from bot.ledger.ledger import AlreadyCredited, AuditEntry
from bot.store import ChangeRejected, SqlStore
from tests.store.orders import START, HandClock

PURCHASE = AuditEntry("shop", "purchase")


async def buy(store: SqlStore, receipt: str, amount: int = 500) -> Balance | BaseException:
    (outcome,) = await asyncio.gather(
        store.grant("direct:2", amount, "bought", PURCHASE, receipt=receipt), return_exceptions=True
    )
    return outcome


async def test_racing_grants_credit_a_receipt_once(store: SqlStore) -> None:
    outcomes = await asyncio.gather(*(buy(store, "discord:7") for _ in range(3)), buy(store, "discord:8"))
    assert sum(isinstance(outcome, Balance) for outcome in outcomes[:3]) == 1
    assert sum(isinstance(outcome, AlreadyCredited) for outcome in outcomes[:3]) == 2
    assert isinstance(outcomes[3], Balance)
    assert isinstance(await buy(store, "discord:7"), AlreadyCredited)
    assert (await store.balance("direct:2")).granted == 1000
    assert len(await store.audit_entries(None)) == 2
    assert await store.discrepancies() == []


async def test_two_processes_credit_one_receipt_once(postgres_url: str, clock: HandClock) -> None:
    async with (
        SqlStore(postgres_url, start=START, clock=clock) as one,
        SqlStore(postgres_url, start=START, clock=clock) as two,
    ):
        outcomes = await asyncio.gather(buy(one, "discord:7"), buy(two, "discord:7"))
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AlreadyCredited", "Balance"]
        assert (await one.balance("direct:2")).granted == 500
        assert await one.discrepancies() == []


async def test_a_rejected_grant_leaves_its_receipt_unused(store: SqlStore) -> None:
    assert isinstance(await buy(store, "discord:7", 2**70), ChangeRejected)
    assert isinstance(await buy(store, "discord:7"), Balance)


async def test_only_a_grant_has_a_receipt(store: SqlStore, raw: AsyncConnection) -> None:
    await buy(store, "discord:7")
    with pytest.raises(DBAPIError):
        await raw.exec_driver_sql(
            "INSERT INTO entries (account, kind, amount, of_allowance, at, receipt)"
            " VALUES ('direct:2', 'adjust', 5, 0, 0, 'discord:8')"
        )
