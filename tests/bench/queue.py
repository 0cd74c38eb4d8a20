"""A queue of 100,000 waiting jobs: each step beside a short queue, and what it takes to adopt them all."""

import asyncio
import gc
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, thread_time
from typing import Any, cast

from bot.cli.gc_tuning import relax_gc
from bot.clock import WallClock
from bot.jobs.job import Job
from bot.jobs.service import JobService
from bot.jobs.waiting.queue import FairQueue, QueueEntry
from bot.ledger.policy import Policy
from bot.ledger.server_rules import Limits
from bot.store import SqlStore
from tests.bench.figures import Figure, at_most, plain
from tests.jobs.orders import TERMS, job

MANY, FEW = 100_000, 1_000
IN_ONE_SERVER = 5_000
STEPS = 300
KIB = 1024
LIMITS = Limits(per_member=2, per_server=20)
IN_ALL = 50


def figures() -> Iterator[Figure]:
    relax_gc()
    yield from asyncio.run(_steps())
    with TemporaryDirectory() as folder:
        yield from asyncio.run(_adopted(Path(folder) / "queue.db"))


async def _steps() -> Sequence[Figure]:
    few, many, one_server = await _timed(FEW, 50), await _timed(MANY, 1_000), await _timed(IN_ONE_SERVER, 1)
    found: list[Figure] = []
    for step in few:
        found += [
            plain(f"queue, {step} among {MANY:,}", many[step] * 1e6, "µs"),
            at_most(f"queue, {step}: {MANY:,} to {FEW:,} waiting", many[step] / few[step], "ratio", 8),
            at_most(
                f"queue, {step}: {IN_ONE_SERVER:,} of one server to {FEW:,}",
                one_server[step] / few[step],
                "ratio",
                8,
            ),
        ]
    return found


async def _timed(size: int, servers: int) -> dict[str, float]:
    """Median times of the steps with so many waiting jobs, each of another member."""
    queue = FairQueue(LIMITS, in_all=IN_ALL)
    entries = [
        queue.enter(job(str(index), member=str(index), server=index % servers)) for index in range(size)
    ]
    running = [entry for entry in entries if entry.is_admitted]
    waiting = [entry for entry in entries if not entry.is_admitted]
    chosen = waiting[:: len(waiting) // STEPS]
    return {
        "position": _median(chosen, queue.position),
        "cancellation": _median(chosen[::2], queue.leave),
        "end of a job": _median(running, queue.leave),
    }


def _median(entries: Sequence[QueueEntry], step: Callable[[QueueEntry], object]) -> float:
    times: list[float] = []
    for entry in entries:
        began = thread_time()
        step(entry)
        times.append(thread_time() - began)
    return median(times)


class Waiters:
    """Runner whose jobs wait in the queue, each in a task, as a runner's do."""

    def __init__(self, queue: FairQueue) -> None:
        self._queue = queue
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, job: Job) -> None:
        self._tasks.append(asyncio.create_task(self._wait(job)))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _wait(self, job: Job) -> None:
        entry = self._queue.enter(job)
        try:
            while not entry.is_admitted:
                self._queue.position(entry)
                await entry.wait(60)
            await asyncio.Event().wait()
        finally:
            self._queue.leave(entry)


async def _adopted(file: Path) -> Sequence[Figure]:
    """Adopt all jobs of a former run, and measure how long the event loop is held up."""
    url, clock, queue = f"sqlite:///{file}", WallClock(), FairQueue(LIMITS, in_all=IN_ALL)
    async with SqlStore(url, start=100, clock=clock) as store:
        await store.open(job("first", member="5:0", created_at=clock.now()), TERMS)
    _fill(file)
    runner = Waiters(queue)
    nothing = cast("Any", None)
    async with SqlStore(url, start=100, clock=clock) as store:
        service = JobService(
            store=store,
            ledger=store,
            runner=cast("Any", runner),
            queue=queue,
            gate=nothing,
            prices=nothing,
            policy=Policy(),
            clock=clock,
            waiting_per_member=5,
        )
        gc.collect()
        holds: list[float] = []
        watching = asyncio.create_task(_watch(holds))
        memory, began = _memory(), perf_counter()
        count = await service.resume()
        seconds = perf_counter() - began
        watching.cancel()
        memory = _memory() - memory
        await runner.close()
    return [
        plain(f"queue, adoption of {count:,} waiting jobs", seconds, "s"),
        at_most("queue, longest hold of the event loop meanwhile", 1000 * max(holds), "ms", 50),
        plain("queue, memory for each waiting job and its task", memory / count / KIB, "KiB"),
    ]


def _memory() -> int:
    """Bytes of memory that this process has in use."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def _watch(holds: list[float]) -> None:
    # Processor time, so that other programs on this machine do not count.
    while True:
        before = thread_time()
        await asyncio.sleep(0)
        holds.append(thread_time() - before)


def _fill(file: Path) -> None:
    """Copy the one job and its account, each with an id of its own."""
    changed = {
        "accounts": {"id": "'5:' || value"},
        "jobs": {
            "id": "printf('%06d', value)",
            "account": "'5:' || value",
            "created_at": "created_at + value / 1e6",
            "guild_id": "value % 1000",
            "nonce": "'n' || value",
        },
    }
    counting = "SELECT 1 UNION ALL SELECT value + 1 FROM numbers WHERE value < ?"
    numbers = f"WITH RECURSIVE numbers(value) AS ({counting})"
    with closing(sqlite3.connect(file)) as database, database:
        for table, changes in changed.items():
            columns: list[str] = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            chosen = ", ".join(changes.get(name, name) for name in columns)
            database.execute(
                f"{numbers} INSERT INTO {table} SELECT {chosen}"
                f" FROM numbers, (SELECT * FROM {table} LIMIT 1)",
                [MANY],
            )
