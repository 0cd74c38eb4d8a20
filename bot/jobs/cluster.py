"""Coordination of the processes that share a database: the rate, the shards, and takeover."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

import structlog

from bot.clock import Clock
from bot.jobs.ports import StoreUnavailable
from bot.jobs.service import JobService
from bot.settings.shards import ShardPlan

log = structlog.stdlib.get_logger(__name__)

CHECKS_PER_LEASE = 3


class ClusterStore(Protocol):
    """Leases of workers and of shards in the shared database."""

    async def workers(self) -> int: ...

    async def claim_shards(self, count: int, total: int) -> Sequence[int]: ...

    async def held_shards(self, total: int) -> set[int]: ...


class Cluster:
    """One process among those that share a database.

    It takes over jobs whose lease has run out, uses its share of the key's rate, and steps down when
    another process has taken its shards.
    """

    def __init__(
        self,
        store: ClusterStore,
        clock: Clock,
        *,
        lease: float,
        share_rate: Callable[[int], None],
        on_store_unavailable: Callable[[StoreUnavailable], None] = lambda _: None,
    ) -> None:
        """`share_rate` is called with the number of processes that share the key's rate."""
        self._store = store
        self._clock = clock
        self._lease = lease
        self._share_rate_among = share_rate
        self._on_store_unavailable = on_store_unavailable
        self._claimed: tuple[int, set[int]] | None = None
        self._workers = 1
        self._failures = 0
        self.replaced = False

    @property
    def processes(self) -> int:
        """Number of processes that shared the database at the last check, with this one."""
        return self._workers

    @property
    def is_failing(self) -> bool:
        """Return whether a part of each check has failed for about as long as a lease."""
        return self._failures >= CHECKS_PER_LEASE

    async def shards(self, plan: ShardPlan | None) -> Sequence[int]:
        """Return this process's shards, after waiting until enough are free; none where it serves all."""
        if plan is None:
            return ()
        if plan.ids is not None:
            return plan.ids
        is_waiting = False
        while not (found := await self._store.claim_shards(plan.count, plan.total)):
            if not is_waiting:
                log.info("all shards are served, so this process stands by", wanted=plan.count)
            is_waiting = True
            await self._clock.sleep(self._lease / 6)
        log.info("shards claimed", shards=list(found), of=plan.total)
        self._claimed = plan.total, set(found)
        return found

    async def run(self, job_service: JobService) -> None:
        """Run until another process has taken this one's shards."""
        while True:
            # Each by itself, so that one that keeps failing stops neither the others nor this loop.
            succeeded = [
                await self._attempt(part)
                for part in (self._share_rate, self._check_shards, partial(self._take_over, job_service))
            ]
            if self.replaced:
                return
            self._failures = 0 if all(succeeded) else self._failures + 1
            await self._clock.sleep(self._lease / CHECKS_PER_LEASE)

    async def _attempt(self, part: Callable[[], Awaitable[None]]) -> bool:
        try:
            await part()
        except StoreUnavailable as error:
            self._on_store_unavailable(error)
        except Exception:
            log.exception("check of the other processes failed")
        else:
            return True
        return False

    async def _take_over(self, job_service: JobService) -> None:
        if not self.replaced and (count := await job_service.resume()):
            log.info("jobs taken over from another process", count=count)

    async def _share_rate(self) -> None:
        workers = await self._store.workers()
        if workers != self._workers:
            log.info("rate of the key shared", processes=workers)
            self._share_rate_among(workers)
            self._workers = workers

    async def _check_shards(self) -> None:
        if self._claimed is not None:
            total, claimed = self._claimed
            self.replaced = not claimed <= await self._store.held_shards(total)
