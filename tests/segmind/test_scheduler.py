"""The scheduler lets requests through in order, within the rate, and probes during an outage."""

import asyncio
from bisect import bisect_left
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from bot.segmind.breaker import Breaker, BreakerConfig
from bot.segmind.errors import Unreachable
from bot.segmind.polling import WINDOW, PollPlan, PollTiming
from bot.segmind.rate import KeyRate
from bot.segmind.request_queue import RequestKind
from bot.segmind.scheduler import RequestScheduler
from tests.clocks import AgendaClock

# Requests that go at once with 60 a minute.
BURST = 3


def make_scheduler(clock: AgendaClock, *, per_minute: int | None = None, **options: Any) -> RequestScheduler:
    breaker = Breaker(
        clock.now, BreakerConfig(failures=3, pause=5, max_pause=30), jitter=lambda seconds: seconds
    )
    rate = None if per_minute is None else KeyRate(per_minute)
    return RequestScheduler(clock, breaker, name="Segmind", rate=rate, **options)


class Requests:
    """Tasks that send requests through a scheduler, and the times at which they went."""

    def __init__(self, clock: AgendaClock, scheduler: RequestScheduler) -> None:
        self.clock = clock
        self.scheduler = scheduler
        self.sent: list[tuple[float, RequestKind, str]] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.held_up: list[str] = []

    def send(
        self, kind: RequestKind, name: str = "", *, success: bool | None = None, plan: PollPlan | None = None
    ) -> asyncio.Task[None]:
        task = asyncio.create_task(self._run(kind, name or kind.value, success, plan))
        self.tasks[name or kind.value] = task
        return task

    async def _run(self, kind: RequestKind, name: str, success: bool | None, plan: PollPlan | None) -> None:
        if kind is RequestKind.SUBMISSION:
            await self.scheduler.acquire(kind, lambda: self.held_up.append(name))
            self._note(kind, name)
        else:
            async with self.scheduler.slot(kind, plan=plan):
                self._note(kind, name)
                if success is not None:
                    (self.scheduler.succeeded if success else self.scheduler.failed)()

    def _note(self, kind: RequestKind, name: str) -> None:
        self.sent.append((self.clock.now(), kind, name))

    @property
    def names(self) -> list[str]:
        return [name for _, _, name in self.sent]

    def fail(self) -> None:
        for _ in range(3):
            self.scheduler.failed()

    async def stop(self) -> None:
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        self.scheduler.close()


@pytest.fixture
def clock() -> AgendaClock:
    return AgendaClock()


@pytest.fixture
async def requests(clock: AgendaClock) -> AsyncIterator[Requests]:
    requests = Requests(clock, make_scheduler(clock, per_minute=60, outage_timeout=100))
    yield requests
    await requests.stop()


def most_in_a_minute(times: list[float]) -> int:
    return max(bisect_left(times, start + 60 - 1e-6) - index for index, start in enumerate(times))


@pytest.mark.parametrize("per_minute", [1, 2, 7, 60, 500, 1000])
async def test_no_minute_exceeds_the_rate_and_little_of_it_is_wasted(
    clock: AgendaClock, per_minute: int
) -> None:
    requests = Requests(clock, make_scheduler(clock, per_minute=per_minute))
    for index in range(4 * per_minute):
        requests.send(RequestKind.POLL, str(index))
    await clock.run(180)
    times = [at for at, _, _ in requests.sent]
    assert most_in_a_minute(times) == per_minute
    assert len(times) >= 3 * per_minute * 0.9
    await requests.stop()


async def use_up_burst(requests: Requests) -> None:
    """Use up the burst, so that requests queue."""
    for index in range(BURST):
        requests.send(RequestKind.OTHER, f"at once {index}")
    await requests.clock.run(0)


def plan_at(clock: AgendaClock, *, age: float) -> PollPlan:
    """Plan of a job of a model that takes ten seconds, submitted so many seconds ago and not seen since."""
    return PollTiming(10, durations=[10] * WINDOW).start(clock.now() - age)


async def test_results_go_first_and_orders_take_turns_with_likely_polls(
    requests: Requests,
) -> None:
    await use_up_burst(requests)
    for index in range(4):
        requests.send(RequestKind.SUBMISSION, f"order {index}")
    requests.send(RequestKind.OTHER, "other")
    requests.send(RequestKind.POLL, "young", plan=plan_at(requests.clock, age=1))
    requests.send(RequestKind.POLL, "ripe", plan=plan_at(requests.clock, age=20))
    requests.send(RequestKind.RESULT, "result")
    await requests.clock.run(60)
    assert requests.names[BURST:] == [
        *("result", "order 0", "other", "order 1", "ripe", "order 2", "order 3", "young"),
    ]


async def test_the_most_urgent_poll_goes_first_whenever_it_came(requests: Requests) -> None:
    await use_up_burst(requests)
    for age in (2, 4, 30, 12, 60, 3):
        requests.send(RequestKind.POLL, str(age), plan=plan_at(requests.clock, age=age))
    await requests.clock.run(60)
    assert requests.names[BURST:] == ["60", "30", "12", "4", "3", "2"]


async def test_polls_of_low_value_leave_room_for_an_order(requests: Requests) -> None:
    for index in range(10):
        requests.send(RequestKind.POLL, f"young {index}", plan=plan_at(requests.clock, age=1))
    await requests.clock.run(2)
    before = requests.clock.now()
    requests.send(RequestKind.SUBMISSION, "order")
    await requests.clock.run(0)
    assert (requests.sent[-1][0], requests.names[-1]) == (before, "order")


async def test_a_cancelled_poll_is_forgotten(requests: Requests) -> None:
    await use_up_burst(requests)
    for age in (30, 20):
        requests.send(RequestKind.POLL, str(age), plan=plan_at(requests.clock, age=age))
    await requests.clock.run(0.1)
    requests.tasks["30"].cancel()
    await requests.clock.run(10)
    assert requests.names[BURST:] == ["20"]


async def test_a_refusal_lowers_the_rate_and_a_stated_limit_does_so_at_once(clock: AgendaClock) -> None:
    rate = KeyRate(60)
    breaker = Breaker(clock.now, BreakerConfig())
    scheduler = RequestScheduler(clock, breaker, name="Segmind", rate=rate)
    scheduler.refused(None)
    assert rate.per_minute(clock.now()) == 30
    scheduler.apply_stated_limits(12, 3, None)
    assert rate.per_minute(clock.now()) == 12


async def test_no_request_goes_while_none_remain(requests: Requests) -> None:
    start = requests.clock.now()
    requests.scheduler.apply_stated_limits(None, 0, start + 20)
    requests.send(RequestKind.POLL)
    await requests.clock.run(30)
    assert requests.sent[0][0] == start + 20


async def test_cancelled_requests_use_up_no_rate(requests: Requests) -> None:
    for index in range(BURST + 4):
        requests.send(RequestKind.POLL, str(index))
    await requests.clock.run(0)
    for index in range(BURST, BURST + 3):
        requests.tasks[str(index)].cancel()
    await requests.clock.run(1.2)
    assert requests.names == ["0", "1", "2", "6"]


async def test_a_back_off_holds_every_request_until_the_reset(requests: Requests) -> None:
    start = requests.clock.now()
    requests.scheduler.back_off(start + 30)
    for kind in RequestKind:
        requests.send(kind)
    await requests.clock.run(29.9)
    assert requests.sent == []
    await requests.clock.run(10)
    assert len(requests.sent) == len(RequestKind)
    assert min(at for at, _, _ in requests.sent) == start + 30


@pytest.mark.parametrize(("until", "seconds"), [(None, 10), (0, 1), (1e12, 600)])
async def test_a_back_off_has_a_minimum_and_a_maximum(
    requests: Requests, until: float | None, seconds: float
) -> None:
    start = requests.clock.now()
    requests.scheduler.back_off(until)
    requests.send(RequestKind.POLL)
    await requests.clock.run(700)
    assert requests.sent[0][0] == start + seconds


async def test_during_an_outage_one_poll_at_a_time_is_the_probe(requests: Requests) -> None:
    requests.fail()
    for index in range(20):
        requests.send(RequestKind.POLL, str(index), success=index > 1)
    requests.send(RequestKind.SUBMISSION, "order")
    await requests.clock.run(4.9)
    assert (requests.sent, requests.held_up) == ([], ["order"])
    await requests.clock.run(0.2)
    assert requests.names == ["0"]
    await requests.clock.run(9.9)
    assert requests.names == ["0", "1"]
    await requests.clock.run(19.8)
    assert requests.names == ["0", "1"]
    await requests.clock.run(0.2)
    assert requests.names[2:4] == ["2", "order"]
    await requests.clock.run(30)
    assert len(requests.sent) == 21


async def test_waiting_orders_are_told_of_an_outage_and_uploads_fail(requests: Requests) -> None:
    await use_up_burst(requests)
    order, upload = (
        requests.send(RequestKind.SUBMISSION, "order"),
        requests.send(RequestKind.UPLOAD, "upload"),
    )
    await requests.clock.run(0)
    requests.fail()
    await requests.clock.run(0)
    assert requests.held_up == ["order"]
    assert not order.done()
    with pytest.raises(Unreachable):
        await upload
    with pytest.raises(Unreachable):
        await requests.send(RequestKind.UPLOAD, "another")


async def test_orders_time_out_in_an_outage_and_other_requests_do_not(
    requests: Requests,
) -> None:
    requests.fail()
    order, poll = requests.send(RequestKind.SUBMISSION), requests.send(RequestKind.POLL, success=False)
    result = requests.send(RequestKind.RESULT, success=False)
    await requests.clock.run(99)
    waiting = requests.send(RequestKind.POLL, "waiting")
    assert not order.done()
    await requests.clock.run(1.1)
    for timed_out in (order, requests.send(RequestKind.SUBMISSION, "too late")):
        with pytest.raises(Unreachable):
            await timed_out
    assert poll.done()
    assert result.done()
    assert not waiting.done()


async def test_a_submission_is_never_the_probe(clock: AgendaClock) -> None:
    started: list[float] = []

    async def check() -> None:
        started.append(clock.now())
        (scheduler.succeeded if len(started) == 3 else scheduler.failed)()

    scheduler = make_scheduler(clock, outage_timeout=100, health_check=check)
    requests, start = Requests(clock, scheduler), clock.now()
    requests.fail()
    requests.send(RequestKind.SUBMISSION)
    requests.send(RequestKind.OTHER)
    await clock.run(60)
    assert [at - start for at in started] == [5, 15, 35]
    assert [at - start for at, _, _ in requests.sent] == [35, 35]
    await requests.stop()


@pytest.mark.parametrize("fails", [False, True])
async def test_a_failed_health_check_does_not_end_the_outage(clock: AgendaClock, fails: bool) -> None:
    async def check() -> None:
        if fails:
            scheduler.failed()
        raise Unreachable("no connection")

    scheduler = make_scheduler(clock, health_check=check)
    requests = Requests(clock, scheduler)
    requests.fail()
    requests.send(RequestKind.SUBMISSION)
    await clock.run(300)
    assert requests.sent == []
    scheduler.succeeded()
    await clock.run(0)
    assert len(requests.sent) == 1
    await requests.stop()


async def test_after_a_cancelled_probe_the_next_request_is_the_probe(requests: Requests) -> None:
    requests.fail()

    async def lingering() -> None:
        async with requests.scheduler.slot(RequestKind.POLL):
            await asyncio.Event().wait()

    probe = asyncio.create_task(lingering())
    await requests.clock.run(0)
    requests.send(RequestKind.POLL, "next", success=True)
    await requests.clock.run(60)
    assert requests.sent == []
    probe.cancel()
    with suppress(asyncio.CancelledError):
        await probe
    await requests.clock.run(0)
    assert requests.names == ["next"]


async def test_after_a_probe_cancelled_while_it_is_granted_the_next_is_the_probe(requests: Requests) -> None:
    requests.fail()
    requests.send(RequestKind.POLL, "first")
    await requests.clock.run(0)
    requests.clock.time += 5
    # A new request makes the scheduler grant the first one, whose task has not run since.
    requests.send(RequestKind.POLL, "second", success=True)
    await asyncio.sleep(0)
    requests.tasks["first"].cancel()
    await requests.clock.run(0)
    assert requests.names == ["second"]


@dataclass
class Load:
    """Many pollers and many orders a minute that share one scheduler."""

    clock: AgendaClock
    scheduler: RequestScheduler
    sent: list[tuple[float, bool]] = field(default_factory=list[tuple[float, bool]])
    delays: list[float] = field(default_factory=list[float])
    polls: Counter[int] = field(default_factory=Counter[int])
    running: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    async def run(self, minutes: float, *, pollers: int, orders: int) -> None:
        self.running = [asyncio.create_task(self._poll(name)) for name in range(pollers)]
        await self.clock.run(0)
        self.running.append(asyncio.create_task(self._order_regularly(60 / orders)))
        await self.clock.run(60 * minutes)
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)

    @property
    def most_in_a_minute(self) -> int:
        return most_in_a_minute([at for at, _ in self.sent])

    @property
    def longest_pause(self) -> float:
        started = [at for at, is_order in self.sent if not is_order]
        return max(after - before for before, after in pairwise(started))

    async def _poll(self, name: int) -> None:
        plan = PollTiming(1000).start(self.clock.now())
        while True:
            async with self.scheduler.slot(RequestKind.POLL, plan=plan):
                self.sent.append((self.clock.now(), False))
                self.polls[name] += 1
                plan.seen(self.clock.now(), is_queued=False)
            await self.clock.sleep(plan.wait(self.clock.now()))

    async def poll_old_jobs(self) -> None:
        while True:
            async with self.scheduler.slot(RequestKind.POLL, plan=plan_at(self.clock, age=30)):
                self.sent.append((self.clock.now(), False))

    async def _order_regularly(self, every: float) -> None:
        while True:
            self.running.append(asyncio.create_task(self._order()))
            await self.clock.sleep(every)

    async def _order(self) -> None:
        started = self.clock.now()
        await self.scheduler.acquire(RequestKind.SUBMISSION)
        self.sent.append((self.clock.now(), True))
        self.delays.append(self.clock.now() - started)


async def test_ten_thousand_pollers_delay_no_order_and_all_are_served(clock: AgendaClock) -> None:
    load = Load(clock, make_scheduler(clock, per_minute=1000))
    await load.run(4, pollers=10_000, orders=500)
    assert load.most_in_a_minute <= 1000
    assert len(load.sent) > 3600
    assert len(load.delays) >= 1999
    assert max(load.delays) < 0.2
    assert load.longest_pause < 0.5
    # Every job was seen once before any was seen twice.
    assert set(load.polls.values()) == {1}


async def test_with_more_orders_than_the_rate_jobs_that_likely_ended_get_their_turn(
    clock: AgendaClock,
) -> None:
    scheduler = make_scheduler(clock, per_minute=500)
    load = Load(clock, scheduler)
    ripe = [asyncio.create_task(load.poll_old_jobs()) for _ in range(10)]
    await load.run(5, pollers=100, orders=600)
    for task in ripe:
        task.cancel()
    assert load.most_in_a_minute <= 500
    others = sum(not is_order for _, is_order in load.sent)
    assert others == pytest.approx(len(load.sent) / 2, rel=0.1)
    assert load.longest_pause < 1
