"""What the bot has written down, read past the bot: its jobs, its accounts, its entries."""

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


@dataclass(frozen=True, slots=True)
class EntryRow:
    account: str
    job_id: str | None
    kind: str
    amount: int


@dataclass(frozen=True, slots=True)
class Pages:
    """Everything at one moment."""

    jobs: Sequence[JobRow]
    entries: Sequence[EntryRow]
    accounts: Mapping[str, tuple[int, int]]
    """Free and held credits."""
    faults: Sequence[str] = field(default_factory=list[str])
    """What the bot's own audit finds wrong."""


class Books:
    def __init__(self, url: str) -> None:
        self._url = url

    async def taken(self) -> Mapping[int, int]:
        """How many jobs each server has ordered."""
        return dict(map(tuple, await self._rows(_TAKEN)))

    async def open_jobs(self, owner: str | None = None) -> list[JobRow]:
        """Those that are not at their end, oldest first; of one worker, or of all."""
        asked = _JOBS.where(sa.not_(jobs.c.told)).order_by(jobs.c.created_at)
        if owner is not None:
            asked = asked.where(jobs.c.owner == owner)
        return [_job(row) for row in await self._rows(asked)]

    async def any_open(self) -> bool:
        return bool(await self._rows(sa.select(jobs.c.id).where(sa.not_(jobs.c.told)).limit(1)))

    async def read(self) -> Pages:
        written = await self._rows(sa.select(*(entries.c[name] for name in EntryRow.__slots__)))
        async with connected(self._url, "SERIALIZABLE") as connection:
            faults = await discrepancies(connection)
        return Pages(
            [_job(row) for row in await self._rows(_JOBS)],
            [EntryRow(*row) for row in written],
            {
                row.id: (row.allowance + row.granted, row.held)
                for row in await self._rows(sa.select(accounts))
            },
            faults,
        )

    async def _rows(self, question: sa.Select[*tuple[Any, ...]]) -> Sequence[sa.Row[*tuple[Any, ...]]]:
        until = time.time() + PATIENCE
        while True:
            try:
                async with connected(self._url) as connection:
                    return (await connection.execute(question)).all()
            except (OSError, DBAPIError):
                # Postgres may just be restarting.
                if time.time() > until:
                    raise
                await asyncio.sleep(0.2)


_JOBS = sa.select(*(jobs.c[name] for name in JobRow.__slots__))
_TAKEN = sa.select(jobs.c.guild_id, sa.func.count()).group_by(jobs.c.guild_id)


def _job(row: sa.Row[*tuple[Any, ...]]) -> JobRow:
    facts: dict[str, Any] = dict(zip(JobRow.__slots__, row, strict=True))
    facts["state"] = State(facts["state"])
    facts["reason"] = None if facts["reason"] is None else Reason(facts["reason"])
    facts["told"] = bool(facts["told"])
    return JobRow(**facts)
