"""Requests at Segmind that jobs have, by which a search of its history is checked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bot.jobs.job import State
from bot.jobs.unknown.history_pass import KnownRequest
from bot.store.connection import Connection
from bot.store.dialects import any_values, matches_any
from bot.store.tables import IN_FLIGHT, OPEN, jobs


@dataclass(frozen=True, slots=True)
class UnknownOutcome:
    """Job whose request may have arrived at Segmind; the nonce is in the address of its first file."""

    id: str
    slug: str
    submitted_at: float
    nonce: str


_submitted_at = sa.func.coalesce(jobs.c.submitted_at, jobs.c.created_at)
# A condition on the open jobs, too, because those have an index.
_UNKNOWN = sa.and_(OPEN, jobs.c.state == State.UNKNOWN)


async def among(connection: Connection, request_ids: Collection[str]) -> Mapping[str, KnownRequest]:
    if not request_ids:
        return {}
    chosen = sa.select(jobs.c.request_id, jobs.c.nonce, _submitted_at).where(
        matches_any(jobs.c.request_id, connection.dialect.name)
    )
    rows = await connection.execute(chosen, any_values(list(request_ids), connection))
    return {request_id: KnownRequest(nonce, at) for request_id, nonce, at in rows if request_id is not None}


async def unknown_outcomes(connection: Connection) -> Sequence[UnknownOutcome]:
    """Jobs of unknown outcome, oldest first."""
    chosen = sa.select(jobs.c.id, jobs.c.slug, _submitted_at, jobs.c.nonce).where(_UNKNOWN)
    rows = await connection.execute(chosen.order_by(_submitted_at))
    return [UnknownOutcome(*row) for row in rows]


async def server_of_unknown(connection: Connection, job_id: str) -> tuple[int | None] | None:
    """Return the server of a job of unknown outcome, or nothing if there is no such job."""
    chosen = sa.select(jobs.c.guild_id).where(_UNKNOWN, jobs.c.id == job_id)
    row = (await connection.execute(chosen)).one_or_none()
    return None if row is None else (row[0],)


async def last(connection: Connection, before: float, *, limit: int) -> Sequence[float]:
    """Times of submission of the last requests that ended or are in flight, newest first.

    No index has the time of submission, so this uses those of the ended jobs and of the jobs in flight.
    """
    requested = sa.select(_submitted_at).where(jobs.c.request_id.is_not(None), _submitted_at <= before)
    ended = requested.where(jobs.c.settled_at.is_not(None)).order_by(jobs.c.settled_at.desc())
    in_flight = requested.where(IN_FLIGHT).order_by(_submitted_at.desc())
    times: list[float] = []
    for chosen in (ended, in_flight):
        times.extend((await connection.execute(chosen.limit(limit))).scalars())
    return sorted(times, reverse=True)[:limit]
