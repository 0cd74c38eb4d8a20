"""The balance monitor tells the operator once, and the gate lets jobs through."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from math import inf

import pytest

from bot.jobs.stages import NoBalance, Stage
from bot.jobs.supervision.balance import (
    BalanceConfig,
    BalanceEmpty,
    BalanceEvent,
    BalanceLow,
    BalanceMonitor,
    BalanceRestored,
)
from bot.jobs.waiting.submission_gate import ClosureReason, ServicePaused, SubmissionGate
from bot.segmind.account import Balance
from bot.segmind.breaker import Breaker, BreakerConfig
from bot.segmind.errors import Unavailable
from bot.segmind.scheduler import RequestScheduler
from bot.store import SqlStore
from tests.clocks import HeldClock
from tests.patience import PATIENCE

V5 = "faceswap-v5"


@dataclass
class Bank:
    """Account at Segmind, shared by all processes."""

    left: float | None = 10.0
    requests: int = 0

    async def balance(self) -> Balance:
        self.requests += 1
        if self.left is None:
            raise Unavailable("no such page")
        return Balance(self.left, 0.0)


@dataclass
class World:
    """Processes that share a database and an account."""

    store: SqlStore
    clock: HeldClock
    exit: AsyncExitStack
    bank: Bank = field(default_factory=Bank)
    events: list[BalanceEvent] = field(default_factory=list[BalanceEvent])

    def gate(self, *, release_when_empty: bool = False) -> SubmissionGate:
        scheduler = RequestScheduler(
            self.clock, Breaker(self.clock.now, BreakerConfig()), name="Segmind", outage_timeout=inf
        )
        return SubmissionGate(self.clock, scheduler, release_when_empty=release_when_empty)

    def process(
        self, gate: SubmissionGate | None = None, *, low_mark: float = 5.0
    ) -> tuple[SubmissionGate, BalanceMonitor]:
        """Start the monitor of one more process."""
        gate = gate or self.gate()
        monitor = BalanceMonitor(
            BalanceConfig(low_mark, interval=60),
            account=self.bank,
            gate=gate,
            on_event=self.events.append,
            values=self.store,
            clock=self.clock,
        )
        task = asyncio.create_task(monitor.run())
        self.exit.callback(task.cancel)
        return gate, monitor

    async def next_request(self) -> None:
        """Let the monitor request the balance once more."""
        requests = self.bank.requests
        while self.bank.requests == requests:
            self.clock.move(60)
            await asyncio.sleep(0.005)
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing more happens by itself."""
        for _ in range(3):
            await self.store.read_value("whatever")
            await asyncio.sleep(0.005)


@pytest.fixture
async def world(sqlite_url: str) -> AsyncGenerator[World]:
    clock = HeldClock()
    async with SqlStore(sqlite_url, start=0, clock=clock) as store:
        async with AsyncExitStack() as stack:
            yield World(store, clock, stack)
        # A task that was cancelled during a query has to release the store first.
        await asyncio.sleep(0)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.005)


async def test_of_several_processes_one_tells_the_operator(world: World) -> None:
    gates = [world.process()[0] for _ in range(3)]
    for gate in gates:
        gate.mark_empty()
    await until(lambda: world.events)
    await world.settle()
    assert world.events == [BalanceEmpty()]
    for gate in gates:
        gate.refill()
    await until(lambda: len(world.events) > 1)
    await world.settle()
    assert world.events == [BalanceEmpty(), BalanceRestored(10.0)]


async def test_an_event_is_not_reported_again_after_a_restart(world: World) -> None:
    world.bank.left = 3.0
    world.process()
    await until(lambda: world.events)
    world.process()
    await until(lambda: world.bank.requests == 2)
    await world.settle()
    assert world.events == [BalanceLow(3.0, 5.0)]


async def test_a_balance_restored_while_the_bot_was_off_is_reported_at_its_start(world: World) -> None:
    world.process(low_mark=0)[0].mark_empty()
    await until(lambda: world.events)
    world.process(low_mark=0)
    await until(lambda: len(world.events) > 1)
    assert world.events == [BalanceEmpty(), BalanceRestored(10.0)]


async def test_without_a_low_mark_the_balance_is_not_requested(world: World) -> None:
    _, monitor = world.process(low_mark=0)
    await world.settle()
    monitor.on_cost(0.5)
    world.clock.move(60)
    await world.settle()
    assert (world.bank.requests, world.events) == (0, [])


async def test_a_charged_job_that_names_no_balance_leads_to_a_request(world: World) -> None:
    _, monitor = world.process()
    await until(lambda: world.bank.requests == 1)
    world.clock.move(60)
    await world.settle()
    assert world.bank.requests == 1
    world.bank.left = 4.0
    monitor.on_cost(None)
    await world.next_request()
    await until(lambda: world.events)
    assert world.events == [BalanceLow(4.0, 5.0)]


async def test_the_balance_in_a_job_s_response_counts_where_it_cannot_be_requested(world: World) -> None:
    world.bank.left = None
    _, monitor = world.process()
    await until(lambda: world.bank.requests == 1)
    monitor.on_cost(4.5)
    await until(lambda: world.events)
    assert world.events == [BalanceLow(4.5, 5.0)]


async def test_a_cancelled_waiter_is_not_the_probe(world: World) -> None:
    gate = world.gate()
    gate.mark_empty()
    shown: list[Stage] = []
    first, second, third = (asyncio.create_task(gate.acquire(V5, shown.append)) for _ in range(3))
    await until(lambda: shown == [NoBalance()] * 3)
    first.cancel()
    await asyncio.sleep(0)
    gate.probe()
    assert await second is True
    assert not third.done()
    gate.refill()
    assert await third is False


async def test_a_probing_gate_admits_one_order(world: World) -> None:
    gate = world.gate(release_when_empty=True)
    gate.mark_empty()
    gate.probe()
    gate.check(V5)
    assert not gate.rejects_orders
    assert await gate.acquire(V5) is True
    assert gate.rejects_orders
    with pytest.raises(ServicePaused):
        gate.check(V5)
    with pytest.raises(ServicePaused) as raised:
        await gate.acquire(V5)
    assert raised.value.reason is ClosureReason.BALANCE


async def test_an_open_gate_keeps_no_probe_for_later(world: World) -> None:
    gate = world.gate()
    gate.probe()
    gate.mark_empty()
    with pytest.raises(ServicePaused):
        gate.check(V5)
