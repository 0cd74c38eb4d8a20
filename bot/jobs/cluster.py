"""Coordination of the processes that share a database: the rate, the shards, and takeover."""

from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from bot.clock import Clock
from bot.jobs.ports import StoreAway, StoreError
from bot.jobs.service import JobService
from bot.settings.shards import ShardPlan

log = structlog.stdlib.get_logger(__name__)


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
        per_minute: int,
        set_rate: Callable[[int], None],
        on_store_unavailable: Callable[[StoreAway], None] = lambda _: None,
    ) -> None:
        """`per_minute` is the key's rate, shared by all processes; `set_rate` limits this one."""
        self._store = store
        self._clock = clock
        self._lease = lease
        self._per_minute = per_minute
        self._set_rate = set_rate
        self._on_store_unavailable = on_store_unavailable
        self._claimed: tuple[int, set[int]] | None = None
        self._workers = 1
        self.replaced = False

    @property
    def processes(self) -> int:
        """Number of processes that shared the database at the last check, with this one."""
        return self._workers

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
            try:
                await self._share_rate()
                if not await self._holds_shards():
                    self.replaced = True
                    return
                await self._clock.sleep(self._lease / 3)
                if count := await job_service.resume():
                    log.info("jobs taken over from another process", count=count)
            except StoreAway as error:
                self._on_store_unavailable(error)
                await self._clock.sleep(self._lease / 3)
            except StoreError as error:
                log.warning("check of the other processes failed", error=str(error))
                await self._clock.sleep(self._lease / 3)

    async def _share_rate(self) -> None:
        workers = await self._store.workers()
        if workers != self._workers:
            log.info("rate of the key shared", processes=workers)
            self._set_rate(max(1, self._per_minute // workers))
            self._workers = workers

    async def _holds_shards(self) -> bool:
        if self._claimed is None:
            return True
        total, claimed = self._claimed
        return claimed <= await self._store.held_shards(total)
