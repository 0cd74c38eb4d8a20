"""Jobs as rows: inserted, locked, and moved by compare-and-set."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

import sqlalchemy as sa

from bot.jobs.job import Job, Place, Reason, State
from bot.jobs.ports import OpenJob
from bot.ledger.account import Allocation
from bot.ledger.ledger import GATE, LIST
from bot.store.connection import Connection
from bot.store.dialects import any_values, matches_any
from bot.store.tables import OPEN, TO_CANCEL, is_named, jobs, takedowns

FIRST_EPOCH = 1

# Rows of a long list that are read at once, so that a full queue does not stop the event loop.
_SLICE = 2_000

_JOB_FIELDS = tuple(field.name for field in fields(Job) if field.name != "place")
_PLACE_FIELDS = tuple(field.name for field in fields(Place))
_PLACE_FLAGS = ("hidden", "spoiler", "direct")
_JOB_FLAGS = ("told", "agreed", "doubtful", "cancel_requested")
_CHANGING = (
    "state", "submitted_at", "request_id", "output", "cost", "reason", "detail", "settled_at", "told",
    "delivery",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class StoredJob(Job):
    """Job as read from the table, with the epoch of its ownership.

    Every adoption raises the epoch, and `Job.to` carries it along. So a copy from before an adoption stays
    stale, even if its own process adopts the job again.
    """

    epoch: int = FIRST_EPOCH

    @property
    def is_adopted(self) -> bool:
        return self.epoch > FIRST_EPOCH

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and all(
            getattr(self, field.name) == getattr(other, field.name) for field in fields(Job)
        )

    def __hash__(self) -> int:
        return hash(self.id)


def epoch_of(job: Job) -> int:
    return job.epoch if isinstance(job, StoredJob) else FIRST_EPOCH


def job_from_row(row: sa.RowMapping) -> StoredJob:
    place: dict[str, Any] = {name: row[name] for name in _PLACE_FIELDS}
    place.update((name, bool(place[name])) for name in _PLACE_FLAGS)
    facts: dict[str, Any] = {name: row[name] for name in _JOB_FIELDS}
    facts["state"] = State(facts["state"])
    facts["reason"] = Reason(facts["reason"]) if facts["reason"] is not None else None
    facts.update((name, bool(facts[name])) for name in _JOB_FLAGS)
    return StoredJob(place=Place(**place), epoch=row["epoch"], **facts)


_WITH_TAKEDOWN = sa.select(jobs, takedowns.c.actor.label("down_by")).outerjoin(
    takedowns, takedowns.c.job_id == jobs.c.id
)


async def find(connection: Connection, job_id: str, *, owner: str | None = None) -> StoredJob | None:
    """Find a job, or only one of this owner."""
    chosen = _WITH_TAKEDOWN.where(jobs.c.id == job_id)
    if owner is not None:
        chosen = chosen.where(jobs.c.owner == owner)
    row = (await connection.execute(chosen)).mappings().one_or_none()
    return None if row is None else _without_takedown(row)


def _without_takedown(row: sa.RowMapping) -> StoredJob:
    job = job_from_row(row)
    if row["down_by"] is None or job.state is not State.DONE:
        return job
    # No caller gets the address of a result that was taken down.
    return replace(job, output=None, reason=reason_of_takedown(row["down_by"]))


def reason_of_takedown(actor: str) -> Reason:
    """The checks of the bot stop a result before anybody sees it; everybody else removes it afterwards."""
    return Reason.FILTERED if actor in {GATE, LIST} else Reason.WITHHELD


async def find_of_server(connection: Connection, guild_id: int, job_id: str) -> StoredJob | None:
    """Find a job of a server by its id or its short id; none if two jobs share the short one."""
    chosen = _WITH_TAKEDOWN.where(jobs.c.guild_id == guild_id, is_named(jobs.c.id, job_id)).limit(2)
    rows = (await connection.execute(chosen)).mappings().all()
    return _without_takedown(rows[0]) if len(rows) == 1 else None


async def find_batch(connection: Connection, batch: str) -> Sequence[StoredJob]:
    found = await connection.execute(_WITH_TAKEDOWN.where(jobs.c.batch == batch).order_by(jobs.c.id))
    return [_without_takedown(row) for row in found.mappings()]


async def is_open(connection: Connection, job_id: str, *, owner: str) -> bool:
    found = sa.select(jobs.c.id).where(OPEN, jobs.c.id == job_id, jobs.c.owner == owner)
    return (await connection.execute(found)).one_or_none() is not None


async def request_cancellation(connection: Connection, job_id: str) -> bool:
    """Ask the owner of a waiting job to cancel it; return whether it waits."""
    asking = (
        jobs.update()
        .where(jobs.c.id == job_id, jobs.c.state == State.HELD)
        .values(cancel_requested=True)
        .returning(jobs.c.id)
    )
    return (await connection.execute(asking)).one_or_none() is not None


async def to_cancel(connection: Connection, *, owner: str) -> Sequence[StoredJob]:
    chosen = sa.select(jobs).where(TO_CANCEL, jobs.c.owner == owner).order_by(jobs.c.id)
    return [job_from_row(row) for row in (await connection.execute(chosen)).mappings()]


async def show_again(connection: Connection, job_id: str, *, owner: str) -> bool:
    """Open a closed job of another worker."""
    opening = (
        jobs.update()
        .where(jobs.c.id == job_id, jobs.c.told, jobs.c.owner != owner)
        .values(told=False)
        .returning(jobs.c.id)
    )
    return (await connection.execute(opening)).one_or_none() is not None


async def open_jobs(connection: Connection, after: OpenJob | None, *, owner: str) -> Sequence[OpenJob]:
    chosen = sa.select(jobs.c.created_at, jobs.c.id).where(OPEN, jobs.c.owner == owner)
    if after is not None:
        chosen = chosen.where(sa.tuple_(jobs.c.created_at, jobs.c.id) > sa.tuple_(*after))
    rows = await connection.execute(chosen.order_by(jobs.c.created_at, jobs.c.id).limit(_SLICE))
    return [OpenJob(*row) for row in rows]


async def insert(connection: Connection, opened: Iterable[tuple[Job, Allocation]], *, owner: str) -> None:
    rows = [
        {name: getattr(job, name) for name in _JOB_FIELDS}
        | {name: getattr(job.place, name) for name in _PLACE_FIELDS}
        | {"from_allowance": allocation.from_allowance, "allowance_until": allocation.allowance_until}
        | {"owner": owner, "epoch": FIRST_EPOCH}
        for job, allocation in opened
    ]
    if rows:
        await connection.execute(jobs.insert(), rows)


@dataclass(frozen=True, slots=True)
class LockedJob:
    """Columns of a job whose row is locked."""

    owner: str
    epoch: int
    state: str
    account: str
    guild_id: int | None
    created_at: float
    expected: float
    subsidy: int
    allocation: Allocation

    def matches(self, job: Job, *, owner: str) -> bool:
        return (self.owner, self.epoch, self.state) == (owner, epoch_of(job), job.state)


_LOCKED = (
    jobs.c.id, jobs.c.owner, jobs.c.epoch, jobs.c.state, jobs.c.account, jobs.c.guild_id, jobs.c.created_at,
    jobs.c.expected, jobs.c.subsidy, jobs.c.price, jobs.c.from_allowance, jobs.c.allowance_until,
)  # fmt: skip


# Cached, because building a statement takes longer than running it.
@cache
def _locking(dialect: str) -> sa.Select[*tuple[Any, ...]]:
    chosen = sa.select(*_LOCKED).where(matches_any(jobs.c.id, dialect))
    return chosen.order_by(jobs.c.id).with_for_update()


async def lock(connection: Connection, ids: Sequence[str]) -> Mapping[str, LockedJob]:
    if not ids:
        return {}
    rows = await connection.execute(_locking(connection.dialect.name), any_values(ids, connection))
    return {row[0]: LockedJob(*row[1:-3], allocation=Allocation(*row[-3:])) for row in rows}


_MOVE = (
    jobs.update()
    .where(
        jobs.c.id == sa.bindparam("of_id"),
        jobs.c.owner == sa.bindparam("of_owner"),
        jobs.c.epoch == sa.bindparam("of_epoch"),
        jobs.c.state == sa.bindparam("of_state"),
    )
    .values({name: sa.bindparam(name) for name in _CHANGING})
)


async def move(connection: Connection, pairs: Iterable[tuple[Job, Job]], *, owner: str) -> None:
    rows = [
        {name: getattr(to, name) for name in _CHANGING}
        | {"of_id": job.id, "of_owner": owner, "of_epoch": epoch_of(job), "of_state": job.state}
        for job, to in pairs
    ]
    if rows:
        await connection.execute(_MOVE, rows)
