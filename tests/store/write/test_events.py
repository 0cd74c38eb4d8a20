"""An event never pays more than its cap, and each credit that it pays stands in the server's budget."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.jobs.job import NEXT, Job, State
from bot.ledger.budgets import CapReached, Caps, grants_of, month_of
from bot.ledger.events import Event, EventOver, EventPlan
from bot.ledger.ledger import AuditEntry
from bot.store import SqlStore
from tests.store.orders import LIFE, START, TERMS, HandClock, money, through
from tests.store.write.test_budgets import of, spent

STARTED, ENDED = AuditEntry("7", "event", guild_id=1), AuditEntry("7", "event_end", guild_id=1)
MONTHLY = 1000
PLAN = EventPlan(frozenset({"faceswap-v5"}), 80, 25, 2)


async def started(store: SqlStore, *, cap: int = 20, hours: int = 2, guild_id: int = 1) -> Event:
    await store.start_event(guild_id, replace(PLAN, cap=cap, hours=hours), STARTED)
    event = await running(store, guild_id)
    assert event is not None
    return event


async def running(store: SqlStore, guild_id: int = 1, *, monthly: int = MONTHLY) -> Event | None:
    return await store.running_event(guild_id, monthly=monthly)


def paid_by(event: Event, clock: HandClock, price: int = 1, subsidy: int = 4) -> Job:
    return replace(of(1, clock.time, price), subsidy=subsidy, event=event.id)


async def test_an_event_pays_up_to_its_cap_and_no_more(store: SqlStore, clock: HandClock) -> None:
    event = await started(store)
    assert (event.discount, event.models, event.left) == (80, {"faceswap-v5"}, 20)
    for _ in range(4):
        await store.open(paid_by(event, clock), TERMS)
    with pytest.raises(EventOver):
        await store.open(paid_by(event, clock, subsidy=5), TERMS)
    await store.open(paid_by(event, clock), TERMS)
    assert await money(store, "1:2") == (START - 5, 5)
    # The server's budget of the month counts what members and the server pay together.
    assert (await spent(store, 1, clock.time))[0] == 25
    assert await store.spent_in(grants_of(1, clock.time)) == 20
    assert (left := await running(store)) is not None
    assert left.left == 0


async def test_a_job_without_a_result_gives_its_part_back_to_the_event(
    store: SqlStore, clock: HandClock
) -> None:
    event = await started(store, cap=4)
    job = paid_by(event, clock)
    await store.open(job, TERMS)
    clock.time = month_of(clock.time)[1] - 1
    await through(store, job, State.FAILED)
    assert await spent(store, 1, job.created_at) == [0, 0]
    assert await store.spent_in(grants_of(1, job.created_at)) == 0


async def test_a_batch_is_paid_as_a_whole_or_not_at_all(store: SqlStore, clock: HandClock) -> None:
    event = await started(store, cap=11)
    jobs = [paid_by(event, clock) for _ in range(3)]
    with pytest.raises(EventOver):
        await store.open(jobs[0], TERMS, *jobs[1:])
    assert (await spent(store, 1, clock.time))[0] == 0
    await store.open(jobs[0], TERMS, jobs[1])
    assert (await spent(store, 1, clock.time))[0] == 10


async def test_an_event_ends_with_its_hours_or_earlier(store: SqlStore, clock: HandClock) -> None:
    event = await started(store)
    clock.time = event.until
    assert await running(store) is None
    with pytest.raises(EventOver):
        await store.open(paid_by(event, clock), TERMS)
    event = await started(store)
    assert await store.end_event(1, ENDED)
    assert not await store.end_event(1, ENDED)
    with pytest.raises(EventOver):
        await store.open(paid_by(event, clock), TERMS)
    assert [entry.action for entry in await store.audit_entries(1)] == ["event_end", "event", "event"]


async def test_a_new_event_ends_the_one_that_runs(store: SqlStore, clock: HandClock) -> None:
    first = await started(store)
    second = await started(store, cap=7)
    assert second.id != first.id
    with pytest.raises(EventOver):
        await store.open(paid_by(first, clock), TERMS)
    await store.open(paid_by(second, clock), TERMS)
    await store.server_data.forget(1)
    assert await running(store) is None
    assert await store.discrepancies() == []


async def test_the_caps_of_the_month_hold_in_an_event(store: SqlStore, clock: HandClock) -> None:
    event = await started(store)
    bounded = replace(TERMS, caps=Caps(server_credits=9, grants=4))
    await store.open(paid_by(event, clock), bounded)
    with pytest.raises(CapReached):
        await store.open(paid_by(event, clock, price=5, subsidy=0), bounded)
    with pytest.raises(EventOver):
        await store.open(paid_by(event, clock, price=0, subsidy=1), bounded)
    assert (left := await running(store, monthly=5)) is not None
    assert left.left == 1


async def test_the_members_of_two_processes_share_one_event(postgres_url: str, clock: HandClock) -> None:
    async with (
        SqlStore(postgres_url, start=START, clock=clock) as one,
        SqlStore(postgres_url, start=START, clock=clock) as two,
    ):
        event = await started(one)
        jobs = [replace(paid_by(event, clock), account=f"1:{number}") for number in range(20)]
        opening = [(one, two)[number % 2].open(job, TERMS) for number, job in enumerate(jobs)]
        outcomes = await asyncio.gather(*opening, return_exceptions=True)
        assert sum(outcome is None for outcome in outcomes) == 5
        assert sum(isinstance(outcome, EventOver) for outcome in outcomes) == 15
        assert await one.discrepancies() == []


async def test_two_administrators_start_one_event(store: SqlStore) -> None:
    await asyncio.gather(*(store.start_event(1, PLAN, STARTED) for _ in range(3)))
    assert (event := await running(store)) is not None
    assert event.left == PLAN.cap
    assert await store.end_event(1, ENDED)
    assert await running(store) is None


async def test_the_audit_names_what_no_event_pays(
    store: SqlStore, clock: HandClock, raw: AsyncConnection
) -> None:
    event = await started(store)
    job = paid_by(event, clock)
    await store.open(job, TERMS)
    await raw.exec_driver_sql("UPDATE events SET cap = 3")
    assert await store.discrepancies() == [f"event {event.id} may pay 3 credits, but its jobs add up to 4"]
    await raw.exec_driver_sql("UPDATE events SET guild_id = 2, cap = 20")
    assert await store.discrepancies() == [
        f"job {job.id} has a subsidy of 4 credits, but its server has no such event"
    ]


@dataclass(frozen=True)
class Ordering:
    """Order of a few jobs in the event that runs."""

    subsidies: tuple[int, ...]


@dataclass(frozen=True)
class Stepping:
    """Move of one of the jobs to one of its next states."""

    job: int
    choice: int


STEPS = st.one_of(
    st.builds(Ordering, st.lists(st.integers(0, 9), min_size=1, max_size=3).map(tuple)),
    st.builds(Ordering, st.lists(st.integers(0, 9), min_size=1, max_size=3).map(tuple)),
    st.builds(Stepping, st.integers(0, 30), st.integers(0, 3)),
    st.just("start"),
    st.just("end"),
)


@given(waves=st.lists(st.lists(STEPS, max_size=12), min_size=1, max_size=3))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_in_any_order_of_steps_no_event_pays_more_than_its_cap(
    url: str, waves: list[list[Ordering | Stepping | str]]
) -> None:
    """The steps of a wave run at the same time."""
    clock = HandClock()
    jobs: dict[str, Job] = {}
    async with SqlStore(url, start=100_000, clock=clock) as store:
        event = await started(store, cap=PLAN.cap)

        async def step(each: Ordering | Stepping | str) -> None:
            match each:
                case Ordering(subsidies):
                    ordered = [
                        replace(paid_by(event, clock, subsidy=paid), event=event.id if paid else None)
                        for paid in sorted(subsidies, reverse=True)
                    ]
                    with suppress(EventOver):
                        await store.open(ordered[0], TERMS, *ordered[1:])
                        jobs.update((job.id, job) for job in ordered)
                case Stepping(number, choice):
                    movable = [job for job in jobs.values() if NEXT[job.state]]
                    if movable:
                        job = movable[number % len(movable)]
                        following = sorted(NEXT[job.state])
                        jobs[job.id] = job.to(following[choice % len(following)])
                        await store.move(job, jobs[job.id])
                case "start":
                    await store.start_event(1, PLAN, STARTED)
                case _:
                    await store.end_event(1, ENDED)

        for wave in waves:
            await asyncio.gather(*(step(each) for each in wave))
            assert await store.discrepancies() == []
            event = await running(store) or event
        paid = sum(job.subsidy for job in jobs.values() if job.state is State.DONE or NEXT[job.state])
        assert paid <= PLAN.cap * (1 + sum(wave.count("start") for wave in waves))


async def test_the_life_of_a_paid_job_leaves_the_ledger_exact(store: SqlStore, clock: HandClock) -> None:
    event = await started(store)
    job = await through(store, await opened_with(store, event, clock), *LIFE)
    await store.adjust(job.account, job.price, "blurred", AuditEntry("7", "refund"), job_id=job.id)
    assert await money(store, job.account) == (START, 0)
    (spending,) = await store.spending(since=0, until=clock.time + 1, guild_id=1)
    assert (spending.credits, spending.refunded) == (5, 1)
    assert await store.discrepancies() == []


async def opened_with(store: SqlStore, event: Event, clock: HandClock) -> Job:
    job = paid_by(event, clock)
    await store.open(job, TERMS)
    return job
