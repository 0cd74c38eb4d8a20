"""A killed process loses nothing that the store reported as durable."""

import asyncio
from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.jobs.job import NEXT, Job, State
from bot.store import SqlStore
from bot.store.tables import accounts, jobs
from tests.discord.forks import ROOT
from tests.discord.program import forked_program
from tests.store.crashing_writer import MODULE
from tests.store.leases import let_leases_run_out
from tests.store.orders import HandClock, adopted_by, through
from tests.store.waiting import eventually

YEARS_LATER = 4_000_000_000.0


async def test_a_killed_process_loses_nothing_and_pays_nothing_twice(url: str, raw: AsyncConnection) -> None:
    for lines in (41, 300):
        durable = await _killed_after(lines, url)
        await let_leases_run_out(url)
        async with SqlStore(url, start=10**6, clock=HandClock(YEARS_LATER)) as store:
            assert await store.discrepancies() == []
            rows = await raw.execute(sa.select(jobs.c.id, jobs.c.state))
            found = {row.id: State(row.state) for row in rows}
            for job_id, state in durable.items():
                assert found[job_id] is state or found[job_id] in _reachable(state)
            await asyncio.gather(*(_end(store, job) for job in await _adopted(store, raw)))
            assert await store.discrepancies() == []
    left = await raw.execute(sa.select(sa.func.sum(accounts.c.held)))
    assert left.scalar_one() == 0


async def _killed_after(lines: int, url: str) -> dict[str, State]:
    async with forked_program(url, cwd=ROOT, environment={}, module=MODULE) as writer:
        await writer.wait_for_lines(lines)
        await writer.kill()
    durable: dict[str, State] = {}
    for line in writer.output.splitlines():
        # The kill may have cut the last line short.
        with suppress(ValueError):
            job_id, state = line.split()
            durable[job_id] = State(state)
    return durable


def _reachable(state: State) -> set[State]:
    return set(NEXT[state]).union(*(_reachable(after) for after in NEXT[state] if after is not State.HELD))


async def _adopted(store: SqlStore, raw: AsyncConnection) -> list[Job]:
    """Adopt all open jobs; Postgres skips locked rows until it notices that the killed process is gone."""
    adopted: list[Job] = []

    async def complete() -> bool:
        adopted.extend(await adopted_by(store))
        still_open = sa.select(sa.func.count()).where(sa.not_(jobs.c.told))
        return len(adopted) == (await raw.execute(still_open)).scalar_one()

    await eventually(complete)
    return adopted


async def _end(store: SqlStore, job: Job) -> None:
    if job.state is State.SUBMITTING:
        job = await through(store, job, State.UNKNOWN)
    if not job.state.settled:
        job = await through(store, job, State.FAILED)
    await store.mark_told(job)
