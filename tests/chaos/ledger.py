"""Reads the bot's database directly: jobs, accounts and ledger entries."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from bot.jobs.job import Reason, State
from bot.store.read.integrity import discrepancies
from bot.store.tables import accounts, entries, jobs
from tests.patience import PATIENCE
from tests.postgres import connected


@dataclass(frozen=True, slots=True)
class JobRow:
    """A row of the table of jobs."""

    id: str
    slug: str
    account: str
    price: int
    guild_id: int
    message_id: int
    state: State
    reason: Reason | None
    request_id: str | None
    told: bool
    owner: str
    nonce: str


@dataclass(frozen=True, slots=True)
class EntryRow:
    """A ledger entry."""

    account: str
    job_id: str | None
    kind: str
    amount: int


@dataclass(frozen=True, slots=True)
class LedgerSnapshot:
    """Jobs, entries and accounts at one moment."""

    jobs: Sequence[JobRow]
    entries: Sequence[EntryRow]
    accounts: Mapping[str, tuple[int, int]]
    """Free and held credits by account."""
    discrepancies: Sequence[str] = field(default_factory=list[str])
    """Discrepancies that the bot itself finds."""


class LedgerReader:
    """Queries the bot's database."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def job_counts(self) -> Mapping[int, int]:
        """Return the number of jobs by server."""
        return dict(map(tuple, await self._rows(_JOB_COUNTS)))

    async def open_jobs(self, owner: str | None = None) -> list[JobRow]:
        """Return the open jobs, oldest first, of one worker or of all."""
        query = _JOBS.where(sa.not_(jobs.c.told)).order_by(jobs.c.created_at)
        if owner is not None:
            query = query.where(jobs.c.owner == owner)
        return [_job(row) for row in await self._rows(query)]

    async def count_open(self) -> int:
        ((number,),) = await self._rows(_OPEN_COUNT)
        return number

    async def read(self) -> LedgerSnapshot:
        rows = await self._rows(sa.select(*(entries.c[name] for name in EntryRow.__slots__)))
        async with connected(self._url, "SERIALIZABLE") as connection:
            found = await discrepancies(connection)
        return LedgerSnapshot(
            [_job(row) for row in await self._rows(_JOBS)],
            [EntryRow(*row) for row in rows],
            {
                row.id: (row.allowance + row.granted, row.held)
                for row in await self._rows(sa.select(accounts))
            },
            found,
        )

    async def _rows(self, query: sa.Select[*tuple[Any, ...]]) -> Sequence[sa.Row[*tuple[Any, ...]]]:
        until = time.time() + PATIENCE
        while True:
            try:
                async with connected(self._url) as connection:
                    return (await connection.execute(query)).all()
            except (OSError, DBAPIError):
                # Postgres may be restarting.
                if time.time() > until:
                    raise
                await asyncio.sleep(0.2)


_JOBS = sa.select(*(jobs.c[name] for name in JobRow.__slots__))
_OPEN_COUNT = sa.select(sa.func.count()).where(sa.not_(jobs.c.told))
_JOB_COUNTS = sa.select(jobs.c.guild_id, sa.func.count()).group_by(jobs.c.guild_id)


def _job(row: sa.Row[*tuple[Any, ...]]) -> JobRow:
    values: dict[str, Any] = dict(zip(JobRow.__slots__, row, strict=True))
    values["state"] = State(values["state"])
    values["reason"] = None if values["reason"] is None else Reason(values["reason"])
    values["told"] = bool(values["told"])
    return JobRow(**values)
