"""The watch on the balance, and the gate that it opens: who is told, and who is let through."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

import pytest

from bot.jobs.stages import Paused, Stage
from bot.jobs.submission_gate import ClosureReason, ServicePaused, SubmissionGate
from bot.jobs.supervision.balance import (
    BalanceConfig,
    BalanceEmpty,
    BalanceEvent,
    BalanceLow,
    BalanceMonitor,
    BalanceRestored,
)
from bot.segmind.breaker import Breaker, BreakerConfig
from bot.segmind.protocol import Balance, Unavailable
from bot.segmind.scheduler import RequestScheduler
from bot.store import SqlStore
from tests.clocks import HeldClock
from tests.patience import PATIENCE

V5 = "faceswap-v5"


@dataclass
class Bank:
    """What is left at Segmind, for all who ask."""

    left: float | None = 10.0
    asked: int = 0

    async def balance(self) -> Balance:
        self.asked += 1
        if self.left is None:
            raise Unavailable("no such page")
        return Balance(self.left, 0.0)


@dataclass
class World:
    store: SqlStore
    clock: HeldClock
    exit: AsyncExitStack
    bank: Bank = field(default_factory=Bank)
    news: list[BalanceEvent] = field(default_factory=list[BalanceEvent])

    def tell(self, news: BalanceEvent) -> None:
        self.news.append(news)

    def gate(self, *, releases: bool = False) -> SubmissionGate:
        scheduler = RequestScheduler(
            self.clock, Breaker(self.clock.now, BreakerConfig()), name="Segmind", outage_timeout=inf
        )
        return SubmissionGate(self.clock, scheduler, releases=releases)

    def process(
        self, gate: SubmissionGate | None = None, *, low: float = 5.0
    ) -> tuple[SubmissionGate, BalanceMonitor]:
        """A process with a watch of its own."""
        gate = gate or self.gate()
        watch = BalanceMonitor(
            BalanceConfig(low, every=60),
            account=self.bank,
            gate=gate,
            operator=self,
            memory=self.store,
            clock=self.clock,
        )
        task = asyncio.create_task(watch.run())
        self.exit.callback(task.cancel)
        return gate, watch

    async def asks(self) -> None:
        """Let the next look come."""
        asked = self.bank.asked
        while self.bank.asked == asked:
            self.clock.move(60)
            await asyncio.sleep(0.005)
        await self.rests()

    async def rests(self) -> None:
        """Until nothing more happens by itself."""
        for _ in range(3):
            await self.store.read_value("whatever")
            await asyncio.sleep(0.005)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World]:
    clock = HeldClock()
    async with SqlStore(f"sqlite:///{tmp_path}/doppel.db", start=0, clock=clock) as store:
        async with AsyncExitStack() as stack:
            yield World(store, clock, stack)
        # Whoever was stopped in the middle of a question has to have let go of the store.
        await asyncio.sleep(0)


async def until(look: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not look():
            await asyncio.sleep(0.005)


async def test_several_processes_tell_the_operator_once_between_them(world: World) -> None:
    gates = [world.process()[0] for _ in range(3)]
    for gate in gates:
        gate.mark_empty()
    await until(lambda: world.news)
    await world.rests()
    assert world.news == [BalanceEmpty()]
    for gate in gates:
        gate.refill()
    await until(lambda: len(world.news) > 1)
    await world.rests()
    assert world.news == [BalanceEmpty(), BalanceRestored(10.0)]


async def test_what_was_told_before_a_restart_is_not_told_again(world: World) -> None:
    world.bank.left = 3.0
    world.process()
    await until(lambda: world.news)
    world.process()
    await until(lambda: world.bank.asked == 2)
    await world.rests()
    assert world.news == [BalanceLow(3.0, 5.0)]


async def test_a_balance_that_came_back_while_the_bot_was_off_is_told_at_its_start(world: World) -> None:
    world.process(low=0)[0].mark_empty()
    await until(lambda: world.news)
    world.process(low=0)
    await until(lambda: len(world.news) > 1)
    assert world.news == [BalanceEmpty(), BalanceRestored(10.0)]


async def test_nothing_is_asked_where_nobody_wants_to_know(world: World) -> None:
    _, watch = world.process(low=0)
    await world.rests()
    watch.on_cost(0.5)
    world.clock.move(60)
    await world.rests()
    assert (world.bank.asked, world.news) == (0, [])


async def test_a_paid_job_that_names_no_balance_has_it_asked_for(world: World) -> None:
    _, watch = world.process()
    await until(lambda: world.bank.asked == 1)
    world.clock.move(60)
    await world.rests()
    assert world.bank.asked == 1
    world.bank.left = 4.0
    watch.on_cost(None)
    await world.asks()
    assert world.news == [BalanceLow(4.0, 5.0)]


async def test_what_a_job_left_over_is_believed_where_the_balance_cannot_be_asked_for(world: World) -> None:
    world.bank.left = None
    _, watch = world.process()
    await until(lambda: world.bank.asked == 1)
    watch.on_cost(4.5)
    await until(lambda: world.news)
    assert world.news == [BalanceLow(4.5, 5.0)]


async def test_whoever_gave_up_waiting_is_not_the_one_who_tries(world: World) -> None:
    gate = world.gate()
    gate.mark_empty()
    shown: list[Stage] = []
    first, second, third = (asyncio.create_task(gate.acquire(V5, shown.append)) for _ in range(3))
    await until(lambda: shown == [Paused()] * 3)
    first.cancel()
    await asyncio.sleep(0)
    gate.probe()
    assert await second is True
    assert not third.done()
    gate.refill()
    assert await third is False


async def test_a_gate_that_lets_one_try_admits_one_order_and_no_more(world: World) -> None:
    gate = world.gate(releases=True)
    gate.mark_empty()
    gate.probe()
    gate.check(V5)
    assert not gate.rejects_orders
    assert await gate.acquire(V5) is True
    assert gate.rejects_orders
    with pytest.raises(ServicePaused):
        gate.check(V5)
    with pytest.raises(ServicePaused) as refused:
        await gate.acquire(V5)
    assert refused.value.trouble is ClosureReason.BALANCE


async def test_an_open_gate_keeps_no_trial_for_later(world: World) -> None:
    gate = world.gate()
    gate.probe()
    gate.mark_empty()
    with pytest.raises(ServicePaused):
        gate.check(V5)
