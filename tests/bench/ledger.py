"""Time that a check of the ledger takes with a million finished jobs, all of it and what is new."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import WallClock
from bot.ledger.account import EntryKind
from bot.ledger.allowance import DAY
from bot.ledger.budgets import Budget, Scope, budgets_of, micros
from bot.store import SqlStore
from bot.store.read.dashboard import DashboardQueries
from bot.store.tables import accounts, budgets, entries, jobs
from tests.bench.figures import Figure, at_most, plain
from tests.postgres import connected, server
from tests.store.orders import LIFE, START, TERMS, order, through

JOBS = 1_000_000
MEMBERS, SERVERS, DAYS = 20_000, 300, 200
BEGAN = 1_763_683_200.0
PRICE, COST, GRANT = 5, 0.0512, 10_000


def figures(*, count: int = JOBS) -> Iterator[Figure]:
    with TemporaryDirectory() as folder, server() as postgres:
        url = f"sqlite:///{Path(folder) / 'ledger.db'}"
        complete, recent = asyncio.run(_check_times(url, count, process_time))
        yield plain(f"ledger check of {count:,} jobs, SQLite", complete, "s of a core")
        yield at_most(f"ledger check of what is new among {count:,} jobs, SQLite", recent, "s of a core", 2)
        # The processor's time is spent by the server, so this is the time until the answer.
        complete, recent = asyncio.run(_check_times(postgres.url("doppel"), count, perf_counter))
        yield plain(f"ledger check of {count:,} jobs, Postgres", complete, "s")
        yield at_most(f"ledger check of what is new among {count:,} jobs, Postgres", recent, "s", 2)


async def _check_times(url: str, count: int, clock: Callable[[], float]) -> Sequence[float]:
    """Times of a complete check and of one of the last two days."""
    await _fill(url, count)
    times: list[float] = []
    async with DashboardQueries(url) as queries:
        for since in (None, BEGAN + (DAYS - 2) * DAY):
            began = clock()
            discrepancies, rows = await queries.check_ledger(since)
            times.append(clock() - began)
            assert (discrepancies, rows.jobs) == ([], count)
    return times


async def _fill(url: str, count: int) -> None:
    """Write finished jobs, evenly over days, servers and members, with all that the ledger keeps of them."""
    async with SqlStore(url, start=START, clock=WallClock()) as store:
        first = order("0:0", PRICE, created_at=BEGAN)
        await store.open(first, TERMS)
        await through(store, first, *LIFE)
    async with connected(url, "READ COMMITTED" if "postgres" in url else "SERIALIZABLE") as connection:
        await connection.execute(accounts.insert(), [_account(member) for member in range(1, MEMBERS)])
        await _copy(connection, first.id, count)
        sums = sa.select(entries.c.account, sa.func.sum(entries.c.amount).label("granted"))
        sums = sums.group_by(entries.c.account).cte("sums")
        granted = sa.select(sa.cast(sums.c.granted, sa.BigInteger)).where(sums.c.account == accounts.c.id)
        await connection.execute(accounts.update().values(granted=granted.scalar_subquery()))
        await connection.execute(budgets.delete())
        await connection.execute(budgets.insert(), await _budgets(connection))
        await connection.commit()
    async with connected(url) as connection:
        await connection.exec_driver_sql("ANALYZE")


def _account(member: int) -> dict[str, object]:
    id_ = f"{member % SERVERS}:{member}"
    return {"id": id_, "allowance": 0, "granted": 0, "held": 0, "used": 0, "since": 0}


async def _copy(connection: AsyncConnection, job_id: str, count: int) -> None:
    """Copy the job under other ids, of other members and of other days, and write the entries of all."""
    numbers = sa.select(sa.literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(sa.select(numbers.c.n + 1).where(numbers.c.n < count - 1))
    n, text = numbers.c.n, sa.Text
    member = n % MEMBERS
    created = BEGAN + n * (DAYS * DAY / count)
    new: dict[str, Any] = {
        "id": "job-" + sa.cast(n, text),
        "request_id": "request-" + sa.cast(n, text),
        "account": sa.cast(member % SERVERS, text) + ":" + sa.cast(member, text),
        "guild_id": member % SERVERS,
        "user_id": member,
        "created_at": created,
        "settled_at": created + 30,
        "told": sa.true(),
    }
    copies = sa.select(*(new.get(column.name, column) for column in jobs.c))
    copies = copies.select_from(sa.join(jobs, numbers, sa.true())).where(jobs.c.id == job_id)
    await connection.execute(jobs.insert().from_select(jobs.c.keys(), copies))
    copied = jobs.c.id != job_id
    columns = ["account", "job_id", "kind", "amount", "of_allowance", "at"]
    none, grant = sa.literal(0), sa.literal(GRANT)
    kinds = [sa.literal(str(kind)) for kind in (EntryKind.GRANT, EntryKind.HOLD, EntryKind.CAPTURE)]
    of_job = jobs.c.account, jobs.c.id
    for row, condition in (
        ((accounts.c.id, sa.null(), kinds[0], grant, none, sa.literal(BEGAN)), sa.true()),
        ((*of_job, kinds[1], -jobs.c.price, none, jobs.c.created_at), copied),
        ((*of_job, kinds[2], none, none, jobs.c.settled_at), copied),
    ):
        await connection.execute(entries.insert().from_select(columns, sa.select(*row).where(condition)))


async def _budgets(connection: AsyncConnection) -> Sequence[dict[str, object]]:
    day = sa.func.floor(jobs.c.created_at / DAY)
    chosen = sa.select(jobs.c.guild_id, sa.func.min(jobs.c.created_at), sa.func.count())
    spent = Counter[Budget]()
    for guild_id, at, count in await connection.execute(chosen.group_by(jobs.c.guild_id, day)):
        for budget in budgets_of(guild_id, at):
            spent[budget] += count * (PRICE if budget.scope is Scope.SERVER else micros(COST))
    return [{"id": budget.id, **asdict(budget), "spent": amount} for budget, amount in spent.items()]
