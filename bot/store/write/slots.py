"""Slots: capacity that jobs hold before they are submitted, shared out over all processes in order of age."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from bot.jobs.ports import SlotRequest
from bot.store.connection import Connection
from bot.store.tables import LIVE, POSTGRES_TIME, SLOT_USED, jobs, workers
from bot.store.write.in_flight import InFlight, count_in_flight
from bot.store.write.jobs import lock


class _Claim(NamedTuple):
    """Waiting job that asks for a slot; jobs of other processes have no request."""

    since: float
    job_id: str
    account: str
    guild_id: int | None
    request: SlotRequest | None


_CLAIMS = sa.select(
    jobs.c.id,
    jobs.c.owner,
    jobs.c.account,
    jobs.c.guild_id,
    jobs.c.slot_since,
    jobs.c.has_slot,
    jobs.c.owner.in_(sa.select(workers.c.id).where(LIVE)).label("is_live"),
).where(SLOT_USED)

_WRITE = (
    jobs.update()
    .where(jobs.c.id == sa.bindparam("of_id"))
    .values(slot_since=sa.bindparam("since"), has_slot=sa.bindparam("has"))
)


async def share_out(
    connection: Connection,
    requests: Sequence[SlotRequest],
    *,
    held: Collection[str],
    worker: str,
    now: float,
) -> Mapping[str, int]:
    """Give free slots to the oldest jobs of all processes, as far as they are this worker's.

    A slot that is free for an older job of another process stays free until that process asks, too. Slots
    of this worker that are neither `held` nor asked for come back.
    """
    in_flight = await count_in_flight(connection, now)
    postgres_time = (await connection.execute(sa.select(POSTGRES_TIME))).scalar_one()
    locked = await lock(connection, sorted(request.job.id for request in requests))
    sharing = _Sharing(in_flight)
    asking = {
        request.job.id: request
        for request in requests
        if request.job.id in locked and locked[request.job.id].matches(request.job, owner=worker)
    }
    for row in (await connection.execute(_CLAIMS)).mappings():
        if row["owner"] != worker:
            sharing.count_foreign(row)
        elif row["id"] in asking:
            sharing.ask(asking.pop(row["id"]), row["slot_since"], has_slot=bool(row["has_slot"]))
        elif row["id"] in held:
            in_flight.add(row["account"], row["guild_id"], 1)
        else:
            sharing.changes[row["id"]] = None, False
    for request in asking.values():
        # The age is a difference on one clock, so that the clocks of two processes need not agree.
        sharing.ask(request, postgres_time - request.waited)
    sharing.decide()
    if sharing.changes:
        rows = [
            {"of_id": job_id, "since": since, "has": has} for job_id, (since, has) in sharing.changes.items()
        ]
        await connection.execute(_WRITE, rows)
    return sharing.positions


class _Sharing:
    """Claims that are counted first, and then decided about in the order of age."""

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight
        self._claims: list[_Claim] = []
        self.positions: dict[str, int] = {}
        self.changes: dict[str, tuple[float | None, bool]] = {}
        """New `slot_since` and `has_slot` of jobs."""

    def count_foreign(self, row: sa.RowMapping) -> None:
        if row["has_slot"]:
            self._in_flight.add(row["account"], row["guild_id"], 1)
        elif row["is_live"]:
            self._claims.append(_Claim(row["slot_since"], row["id"], row["account"], row["guild_id"], None))

    def ask(self, request: SlotRequest, since: float, *, has_slot: bool = False) -> None:
        job = request.job
        if has_slot:
            self._in_flight.add(job.account, job.place.guild_id, 1)
            self.positions[job.id] = 0
        else:
            self._claims.append(_Claim(since, job.id, job.account, job.place.guild_id, request))

    def decide(self) -> None:
        for position, claim in enumerate(sorted(self._claims, key=lambda claim: claim[:2]), 1):
            if claim.request is None:
                self._in_flight.add(claim.account, claim.guild_id, 1)
                continue
            capacity = claim.request.capacity
            # A job that the limit of its member or server holds back does not hold back those of others.
            is_full = self._in_flight.total >= capacity.in_all
            if self._in_flight.try_add(claim.account, claim.guild_id, capacity):
                self.positions[claim.job_id], self.changes[claim.job_id] = 0, (claim.since, True)
            else:
                self.positions[claim.job_id] = position
                self.changes[claim.job_id] = (claim.since if is_full else None), False
