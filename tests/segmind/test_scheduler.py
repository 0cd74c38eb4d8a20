"""Who is let through to Segmind, in which order and how often."""

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
from bot.segmind.scheduler import RequestKind, RequestScheduler
from tests.clocks import AgendaClock


def turnstile_of(clock: AgendaClock, *, per_minute: int | None = None, **facts: Any) -> RequestScheduler:
    breaker = Breaker(
        clock.now, BreakerConfig(failures=3, pause=5, longest=30), jitter=lambda seconds: seconds
    )
    return RequestScheduler(clock, breaker, name="Segmind", per_minute=per_minute, **facts)


class Crowd:
    """Tasks that pass a turnstile, and when they did."""

    def __init__(self, clock: AgendaClock, scheduler: RequestScheduler) -> None:
        self.clock = clock
        self.scheduler = scheduler
        self.passed: list[tuple[float, RequestKind, str]] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.held: list[str] = []

    def send(self, errand: RequestKind, name: str = "", *, well: bool | None = None) -> asyncio.Task[None]:
        task = asyncio.create_task(self._go(errand, name or errand.value, well))
        self.tasks[name or errand.value] = task
        return task

    async def _go(self, errand: RequestKind, name: str, well: bool | None) -> None:
        if errand is RequestKind.SUBMISSION:
            await self.scheduler.acquire(errand, lambda: self.held.append(name))
            self._note(errand, name)
        else:
            async with self.scheduler.slot(errand):
                self._note(errand, name)
                if well is not None:
                    (self.scheduler.succeeded if well else self.scheduler.failed)()

    def _note(self, errand: RequestKind, name: str) -> None:
        self.passed.append((self.clock.now(), errand, name))

    @property
    def names(self) -> list[str]:
        return [name for _, _, name in self.passed]

    def fail(self) -> None:
        for _ in range(3):
            self.scheduler.failed()

    async def leave(self) -> None:
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        self.scheduler.close()


@pytest.fixture
def clock() -> AgendaClock:
    return AgendaClock()


@pytest.fixture
async def in_flight(clock: AgendaClock) -> AsyncIterator[Crowd]:
    in_flight = Crowd(clock, turnstile_of(clock, per_minute=60, patience=100))
    yield in_flight
    await in_flight.leave()


def most_in_a_minute(times: list[float]) -> int:
    return max(bisect_left(times, start + 60 - 1e-6) - index for index, start in enumerate(times))


@pytest.mark.parametrize("per_minute", [1, 2, 7, 60, 500, 1000])
async def test_no_minute_has_more_requests_than_it_may_and_few_are_given_away(
    clock: AgendaClock, per_minute: int
) -> None:
    in_flight = Crowd(clock, turnstile_of(clock, per_minute=per_minute))
    for index in range(4 * per_minute):
        in_flight.send(RequestKind.LOOK, str(index))
    await clock.run(180)
    times = [at for at, _, _ in in_flight.passed]
    assert most_in_a_minute(times) == per_minute
    assert len(times) >= 3 * per_minute * 0.9
    await in_flight.leave()


async def test_orders_go_first_results_next_and_nobody_waits_for_ever(in_flight: Crowd) -> None:
    for index in range(6):
        in_flight.send(RequestKind.LOOK, f"at once {index}")
    await in_flight.clock.run(0)
    names = {
        RequestKind.LOOK: ["look 1", "look 2", "look 3"],
        RequestKind.RESULT: ["result"],
        RequestKind.UPLOAD: ["upload 1", "upload 2"],
        RequestKind.SUBMISSION: ["order 1", "order 2", "order 3", "order 4", "order 5", "order 6"],
    }
    for errand, several in names.items():
        for name in several:
            in_flight.send(errand, name)
    await in_flight.clock.run(60)
    assert in_flight.names[6:] == [
        *("upload 1", "upload 2", "order 1", "order 2", "result"),
        *("order 3", "order 4", "order 5", "order 6", "look 1", "look 2", "look 3"),
    ]


async def test_those_who_gave_up_waiting_take_nobodys_place(in_flight: Crowd) -> None:
    for index in range(10):
        in_flight.send(RequestKind.LOOK, str(index))
    await in_flight.clock.run(0)
    for index in range(6, 9):
        in_flight.tasks[str(index)].cancel()
    await in_flight.clock.run(1.2)
    assert in_flight.names == ["0", "1", "2", "3", "4", "5", "9"]


async def test_a_rest_holds_everybody_until_the_reset(in_flight: Crowd) -> None:
    start = in_flight.clock.now()
    in_flight.scheduler.back_off(start + 30)
    for errand in RequestKind:
        in_flight.send(errand)
    await in_flight.clock.run(29.9)
    assert in_flight.passed == []
    await in_flight.clock.run(10)
    assert len(in_flight.passed) == len(RequestKind)
    assert min(at for at, _, _ in in_flight.passed) == start + 30


@pytest.mark.parametrize(("until", "seconds"), [(None, 10), (0, 1), (1e12, 600)])
async def test_a_reset_is_believed_as_far_as_it_makes_sense(
    in_flight: Crowd, until: float | None, seconds: float
) -> None:
    start = in_flight.clock.now()
    in_flight.scheduler.back_off(until)
    in_flight.send(RequestKind.LOOK)
    await in_flight.clock.run(700)
    assert in_flight.passed[0][0] == start + seconds


async def test_while_it_is_out_of_order_one_question_asks_for_all(in_flight: Crowd) -> None:
    in_flight.fail()
    for index in range(20):
        in_flight.send(RequestKind.LOOK, str(index), well=index > 1)
    in_flight.send(RequestKind.SUBMISSION, "order")
    await in_flight.clock.run(4.9)
    assert (in_flight.passed, in_flight.held) == ([], ["order"])
    await in_flight.clock.run(0.2)
    assert in_flight.names == ["0"]
    await in_flight.clock.run(9.9)
    assert in_flight.names == ["0", "1"]
    await in_flight.clock.run(19.8)
    assert in_flight.names == ["0", "1"]
    await in_flight.clock.run(0.2)
    assert in_flight.names[2:4] == ["2", "order"]
    await in_flight.clock.run(30)
    assert len(in_flight.passed) == 21


async def test_orders_hear_of_an_outage_that_begins_while_they_wait(in_flight: Crowd) -> None:
    for index in range(6):
        in_flight.send(RequestKind.LOOK, str(index))
    await in_flight.clock.run(0)
    order, upload = (
        in_flight.send(RequestKind.SUBMISSION, "order"),
        in_flight.send(RequestKind.UPLOAD, "upload"),
    )
    await in_flight.clock.run(0)
    in_flight.fail()
    await in_flight.clock.run(0)
    assert in_flight.held == ["order"]
    assert not order.done()
    with pytest.raises(Unreachable):
        await upload
    with pytest.raises(Unreachable):
        await in_flight.send(RequestKind.UPLOAD, "another")


async def test_orders_do_not_wait_for_longer_than_their_patience_and_questions_do(in_flight: Crowd) -> None:
    in_flight.fail()
    order, look = in_flight.send(RequestKind.SUBMISSION), in_flight.send(RequestKind.LOOK, well=False)
    later = in_flight.send(RequestKind.RESULT, well=False)
    await in_flight.clock.run(99)
    waiting = in_flight.send(RequestKind.LOOK, "waiting")
    assert not order.done()
    await in_flight.clock.run(1.1)
    for refused in (order, in_flight.send(RequestKind.SUBMISSION, "too late")):
        with pytest.raises(Unreachable):
            await refused
    assert look.done()
    assert later.done()
    assert not waiting.done()


async def test_a_submission_is_never_the_probe(clock: AgendaClock) -> None:
    asked: list[float] = []

    async def sign() -> None:
        asked.append(clock.now())
        (scheduler.succeeded if len(asked) == 3 else scheduler.failed)()

    scheduler = turnstile_of(clock, patience=100, sign_of_life=sign)
    in_flight, start = Crowd(clock, scheduler), clock.now()
    in_flight.fail()
    in_flight.send(RequestKind.SUBMISSION)
    in_flight.send(RequestKind.OTHER)
    await clock.run(60)
    assert [at - start for at in asked] == [5, 15, 35]
    assert [at - start for at, _, _ in in_flight.passed] == [35, 35]
    await in_flight.leave()


@pytest.mark.parametrize("told", [False, True])
async def test_a_sign_of_life_that_goes_wrong_is_no_sign(clock: AgendaClock, told: bool) -> None:
    async def sign() -> None:
        if told:
            scheduler.failed()
        raise Unreachable("nobody is there")

    scheduler = turnstile_of(clock, sign_of_life=sign)
    in_flight = Crowd(clock, scheduler)
    in_flight.fail()
    in_flight.send(RequestKind.SUBMISSION)
    await clock.run(300)
    assert in_flight.passed == []
    scheduler.succeeded()
    await clock.run(0)
    assert len(in_flight.passed) == 1
    await in_flight.leave()


async def test_a_probe_that_is_cancelled_makes_room_for_the_next(in_flight: Crowd) -> None:
    in_flight.fail()

    async def lingering() -> None:
        async with in_flight.scheduler.slot(RequestKind.LOOK):
            await asyncio.Event().wait()

    probe = asyncio.create_task(lingering())
    await in_flight.clock.run(0)
    in_flight.send(RequestKind.LOOK, "next", well=True)
    await in_flight.clock.run(60)
    assert in_flight.passed == []
    probe.cancel()
    with suppress(asyncio.CancelledError):
        await probe
    await in_flight.clock.run(0)
    assert in_flight.names == ["next"]


async def test_a_probe_that_is_cancelled_as_it_is_called_makes_room_for_the_next(in_flight: Crowd) -> None:
    in_flight.fail()
    in_flight.send(RequestKind.LOOK, "first")
    await in_flight.clock.run(0)
    in_flight.clock.time += 5
    # Whoever comes now brings the turnstile to call the first one, which does not know of it yet.
    in_flight.send(RequestKind.LOOK, "second", well=True)
    await asyncio.sleep(0)
    in_flight.tasks["first"].cancel()
    await in_flight.clock.run(0)
    assert in_flight.names == ["second"]


@dataclass
class Rush:
    """So many pollers and so many orders a minute, at one turnstile for some minutes."""

    clock: AgendaClock
    scheduler: RequestScheduler
    passed: list[tuple[float, bool]] = field(default_factory=list[tuple[float, bool]])
    delays: list[float] = field(default_factory=list[float])
    looks: Counter[int] = field(default_factory=Counter[int])
    running: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    async def last(self, minutes: float, *, pollers: int, orders: int) -> None:
        self.running = [asyncio.create_task(self._poll(name)) for name in range(pollers)]
        await self.clock.run(0)
        self.running.append(asyncio.create_task(self._order_on(60 / orders)))
        await self.clock.run(60 * minutes)
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)

    @property
    def most_in_a_minute(self) -> int:
        return most_in_a_minute([at for at, _ in self.passed])

    @property
    def longest_silence(self) -> float:
        asked = [at for at, is_order in self.passed if not is_order]
        return max(after - before for before, after in pairwise(asked))

    async def _poll(self, name: int) -> None:
        while True:
            async with self.scheduler.slot(RequestKind.LOOK):
                self.passed.append((self.clock.now(), False))
                self.looks[name] += 1
            await self.clock.sleep(2.5)

    async def _order_on(self, every: float) -> None:
        while True:
            self.running.append(asyncio.create_task(self._order()))
            await self.clock.sleep(every)

    async def _order(self) -> None:
        asked = self.clock.now()
        await self.scheduler.acquire(RequestKind.SUBMISSION)
        self.passed.append((self.clock.now(), True))
        self.delays.append(self.clock.now() - asked)


async def test_ten_thousand_pollers_hold_up_no_order_and_each_has_its_turn(clock: AgendaClock) -> None:
    rush = Rush(clock, turnstile_of(clock, per_minute=1000))
    await rush.last(10, pollers=10_000, orders=500)
    assert rush.most_in_a_minute <= 1000
    assert len(rush.passed) > 9000
    assert len(rush.delays) >= 4999
    assert max(rush.delays) < 0.2
    assert rush.longest_silence < 0.5
    # Whoever comes late comes once: nobody has a second turn before everybody's first.
    assert set(rush.looks.values()) == {1}


async def test_more_orders_than_the_rate_leave_a_fifth_to_the_others(clock: AgendaClock) -> None:
    rush = Rush(clock, turnstile_of(clock, per_minute=500))
    await rush.last(5, pollers=1000, orders=600)
    assert rush.most_in_a_minute <= 500
    questions = sum(not is_order for _, is_order in rush.passed)
    assert questions == pytest.approx(len(rush.passed) / 5, rel=0.1)
    assert rush.longest_silence < 1
