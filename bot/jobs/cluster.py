"""What a process owes the others that share its database, and what it takes over from them."""

from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from bot.clock import Clock
from bot.jobs.ports import StoreAway, StoreError
from bot.jobs.service import JobService
from bot.settings.shards import ShardPlan

log = structlog.stdlib.get_logger(__name__)


class ClusterStore(Protocol):
    """What processes know of each other through their database."""

    async def workers(self) -> int: ...

    async def claim_shards(self, count: int, total: int) -> Sequence[int]: ...

    async def held_shards(self, total: int) -> set[int]: ...


class Cluster:
    """Goes on with the jobs of the dead, asks Segmind for its part alone, and steps down when replaced."""

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
        """`per_minute` requests are what the key allows all processes; `set_rate` bounds this one's.

        `away` is told of a database that takes nothing.
        """
        self._store = store
        self._clock = clock
        self._lease = lease
        self._per_minute = per_minute
        self._set_rate = set_rate
        self._away = on_store_unavailable
        self._claimed: tuple[int, set[int]] | None = None
        self._workers = 1
        self.replaced = False

    @property
    def processes(self) -> int:
        """How many share the database, this one among them, as far as is known."""
        return self._workers

    async def shards(self, plan: ShardPlan | None) -> Sequence[int]:
        """The shards of this process, as soon as there are enough; none where it serves all servers."""
        if plan is None:
            return ()
        if plan.ids is not None:
            return plan.ids
        waiting = False
        while not (found := await self._store.claim_shards(plan.count, plan.total)):
            if not waiting:
                log.info("other processes serve all shards, so this one stands by", wanted=plan.count)
            waiting = True
            await self._clock.sleep(self._lease / 6)
        log.info("shards were claimed", shards=list(found), of=plan.total)
        self._claimed = plan.total, set(found)
        return found

    async def run(self, job_service: JobService) -> None:
        """Until another process has taken this one's place."""
        while True:
            try:
                await self._share_rate()
                if not await self._holds_shards():
                    self.replaced = True
                    return
                await self._clock.sleep(self._lease / 3)
                if count := await job_service.resume():
                    log.info("jobs of another process were taken up", count=count)
            except StoreAway as error:
                self._away(error)
                await self._clock.sleep(self._lease / 3)
            except StoreError as error:
                log.warning("the other processes could not be looked after", error=str(error))
                await self._clock.sleep(self._lease / 3)

    async def _share_rate(self) -> None:
        workers = await self._store.workers()
        if workers != self._workers:
            log.info("the rate of the key is shared", processes=workers)
            self._set_rate(max(1, self._per_minute // workers))
            self._workers = workers

    async def _holds_shards(self) -> bool:
        if self._claimed is None:
            return True
        total, ours = self._claimed
        return ours <= await self._store.held_shards(total)
