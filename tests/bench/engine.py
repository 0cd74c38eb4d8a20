"""Jobs completed in a second, compared with writing the same rows by bare SQL; and recovery."""

import asyncio
import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from bot.cli.gc_tuning import relax_gc
from bot.clock import WallClock
from bot.jobs.job import State
from bot.store import SqlStore
from tests.bench.figures import Figure, at_least, at_most
from tests.postgres import Postgres, connected, server
from tests.store.orders import LIFE, TERMS, adopted_by, order, through

# Jobs per account.
PER_ACCOUNT = 50
RICH = 10**9
OPEN = 10_000
FINISHED = 1_000_000
ROUNDS = 3


def figures(*, finished: int = FINISHED) -> Iterator[Figure]:
    relax_gc()
    with TemporaryDirectory() as folder, server() as postgres:
        asyncio.run(_made_durable(postgres))
        for flight, running in ((1_000, 4_000), (10_000, 10_000)):
            yield from asyncio.run(_sqlite(Path(folder), flight, running))
            yield asyncio.run(_postgres(postgres, flight, running))
        yield asyncio.run(_among_finished(Path(folder), finished))
        yield asyncio.run(_recovery(Path(folder)))


async def _made_durable(postgres: Postgres) -> None:
    """Turn on fsync, because the tests' Postgres runs without it and would be faster than a real one."""
    async with connected(postgres.url("postgres")) as connection:
        await connection.exec_driver_sql("ALTER SYSTEM SET fsync = on")
        await connection.exec_driver_sql("SELECT pg_reload_conf()")


async def _sqlite(folder: Path, flight: int, running: int) -> Sequence[Figure]:
    rates: list[float] = []
    raw: list[float] = []
    for round_ in range(ROUNDS):
        file = folder / f"engine-{flight}-{round_}.db"
        batches: list[int] = []
        async with _store(f"sqlite:///{file}", commit=_noted(batches)) as store:
            rates.append(await _running(store, flight, running))
        raw.append(_raw(folder / f"raw-{flight}-{round_}.db", file, batches, running))
    rate, name = median(rates), f"engine, SQLite, {flight:,} in flight"
    return [
        at_least(name, rate, "lives/s", 1200),
        at_most(f"{name}: bare SQL to ours", median(raw) / rate, "ratio", 3),
    ]


async def _postgres(postgres: Postgres, flight: int, running: int) -> Figure:
    rates: list[float] = []
    for _ in range(ROUNDS):
        await postgres.empty()
        async with _store(postgres.url("doppel")) as store:
            rates.append(await _running(store, flight, running))
    return at_least(f"engine, Postgres, {flight:,} in flight", median(rates), "lives/s", 1200)


def _store(url: str, **options: Any) -> SqlStore:
    return SqlStore(url, start=RICH, clock=WallClock(), **options)


async def _running(store: SqlStore, flight: int, running: int) -> float:
    """Run complete jobs, with at most `flight` at once, and return their rate."""
    room = asyncio.Semaphore(flight)

    async def live(number: int) -> None:
        async with room:
            job = order(f"1:{number // PER_ACCOUNT}")
            await store.open(job, TERMS)
            await through(store, job, *LIFE)

    began = perf_counter()
    await asyncio.gather(*(live(number) for number in range(running)))
    return running / (perf_counter() - began)


def _noted(batches: list[int]) -> Callable[[int], AbstractContextManager[None]]:
    @contextmanager
    def commit(changes: int) -> Generator[None]:
        batches.append(changes)
        yield

    return commit


def _raw(file: Path, model: Path, batches: Sequence[int], running: int) -> float:
    """Write the bot's rows again by bare SQL: the same tables, as many changes per commit, no reads."""
    with closing(sqlite3.connect(model)) as source, closing(sqlite3.connect(file)) as target:
        # The tables with all their rules and indexes, and the rows to write.
        target.executescript(
            ";".join(
                sql
                for (sql,) in source.execute(
                    "SELECT sql FROM sqlite_master WHERE sql NOT NULL AND name NOT LIKE 'sqlite_%'"
                )
            )
        )
        jobs = source.execute("SELECT * FROM jobs").fetchall()
        entries = source.execute("SELECT * FROM entries ORDER BY job_id, id").fetchall()
        accounts = source.execute("SELECT * FROM accounts").fetchall()
        columns = [row[1] for row in source.execute("PRAGMA table_info(jobs)")]
    with closing(sqlite3.connect(file, isolation_level=None)) as target:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            target.execute(f"PRAGMA {pragma}")
        put = _into("accounts", len(accounts[0]))
        target.executemany(put, accounts)
        began = perf_counter()
        _write(target, jobs, entries, columns, batches)
        return running / (perf_counter() - began)


def _write(
    target: sqlite3.Connection,
    jobs: Sequence[tuple[object, ...]],
    entries: Sequence[tuple[object, ...]],
    columns: Sequence[str],
    batches: Sequence[int],
) -> None:
    place = columns.index("id")
    by_job: dict[object, list[tuple[object, ...]]] = {}
    for entry in entries:
        by_job.setdefault(entry[2], []).append(entry)
    steps = iter([(number, job) for number in range(1 + len(LIFE)) for job in jobs])
    insert_job, insert_entry = _into("jobs", len(columns)), _into("entries", len(entries[0]))
    account = columns.index("account")
    for batch in batches:
        target.execute("BEGIN IMMEDIATE")
        for _, (number, job) in zip(range(batch), steps, strict=False):
            if number == 0:
                target.execute(insert_job, job)
                target.execute(insert_entry, by_job[job[place]][0])
            else:
                target.execute(
                    "UPDATE jobs SET state = ?, epoch = epoch + 1 WHERE id = ?",
                    (LIFE[number - 1], job[place]),
                )
            if number == len(LIFE):
                target.execute(insert_entry, by_job[job[place]][1])
            if number in {0, len(LIFE)}:
                target.execute("UPDATE accounts SET used = used + 1 WHERE id = ?", (job[account],))
        target.execute("COMMIT")


def _into(table: str, columns: int) -> str:
    return f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})"


async def _among_finished(folder: Path, finished: int) -> Figure:
    """Compare rates with and without many finished jobs in the database, run by run."""
    empty, full = folder / "empty.db", folder / "full.db"
    for file in (empty, full):
        async with _store(f"sqlite:///{file}") as store:
            await _running(store, 100, 100)
    _fill(full, finished)
    ratios: list[float] = []
    for _ in range(ROUNDS):
        rates: list[float] = []
        for file in (empty, full):
            async with _store(f"sqlite:///{file}") as store:
                rates.append(await _running(store, 1_000, 3_000))
        ratios.append(rates[0] / rates[1])
    return at_most(f"engine, with {finished:,} finished jobs: empty to full", median(ratios), "ratio", 1.1)


def _fill(file: Path, count: int) -> None:
    """Copy a finished job and its entries under new ids."""
    with closing(sqlite3.connect(file)) as database, database:
        columns: list[str] = [row[1] for row in database.execute("PRAGMA table_info(jobs)")]
        changed = {"id": "'old-' || value", "request_id": "'old-r-' || value", "told": "1"}
        chosen = ", ".join(changed.get(name, name) for name in columns)
        counting = "SELECT 1 UNION ALL SELECT value + 1 FROM numbers WHERE value < ?"
        numbers = f"WITH RECURSIVE numbers(value) AS ({counting})"
        database.execute(
            f"{numbers} INSERT INTO jobs SELECT {chosen} FROM numbers, (SELECT * FROM jobs LIMIT 1)", [count]
        )
        names = [row[1] for row in database.execute("PRAGMA table_info(entries)") if row[1] != "id"]
        kinds = (
            "(SELECT * FROM entries WHERE job_id = (SELECT id FROM jobs WHERE id NOT LIKE 'old-%' LIMIT 1))"
        )
        copied = ", ".join("'old-' || value" if name == "job_id" else name for name in names)
        database.execute(
            f"{numbers} INSERT INTO entries ({', '.join(names)}) SELECT {copied} FROM numbers, {kinds}",
            [count],
        )


async def _recovery(folder: Path) -> Figure:
    url = f"sqlite:///{folder / 'recovery.db'}"
    async with _store(url) as store:
        await asyncio.gather(*(_submitted(store, number) for number in range(OPEN)))
    times: list[float] = []
    for _ in range(ROUNDS):
        began = perf_counter()
        async with _store(url) as store:
            jobs = await adopted_by(store)
            times.append(perf_counter() - began)
        assert len(jobs) == OPEN
    return at_most(f"recovery of {OPEN:,} open jobs, SQLite", median(times), "s", 1)


async def _submitted(store: SqlStore, number: int) -> None:
    job = order(f"1:{number // PER_ACCOUNT}")
    await store.open(job, TERMS)
    await through(store, job, State.SUBMITTING, State.SUBMITTED)
