"""The queue is fair between members and keeps its limits."""

import asyncio
import random
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.jobs.waiting.queue import FairQueue, QueueEntry
from bot.ledger.server_rules import Limits
from tests.jobs.orders import job


def queue_of(*, per_member: int, per_server: int, in_all: int) -> FairQueue:
    return FairQueue(Limits(per_member=per_member, per_server=per_server), in_all=in_all)


WIDE = {"per_member": 100, "per_server": 100, "in_all": 100}
ONE_AT_A_TIME = {"per_member": 1, "per_server": 1, "in_all": 1}


async def test_a_job_is_admitted_at_once_while_there_is_capacity() -> None:
    assert queue_of(**WIDE).enter(job()).is_admitted


async def test_members_are_served_in_rotation_however_many_jobs_each_has() -> None:
    queue = queue_of(**ONE_AT_A_TIME)
    running = queue.enter(job("0", member="early"))
    names = {
        queue.enter(job(str(index), member=member)): member
        for index, member in enumerate(["a", "a", "a", "b", "c"])
    }
    served: list[str] = []
    while len(served) < len(names):
        queue.leave(running)
        running = next(
            entry for entry in names if entry.is_admitted and entry is not running and names[entry]
        )
        served.append(names[running])
        names[running] = ""
    assert served == ["a", "b", "c", "a", "a"]


@pytest.mark.parametrize(
    "limits",
    [
        WIDE | {"per_member": 2},
        WIDE | {"per_server": 2},
        WIDE | {"in_all": 2},
    ],
)
async def test_each_limit_holds_until_a_job_leaves(limits: dict[str, int]) -> None:
    queue = queue_of(**limits)
    entries = [queue.enter(job(str(index))) for index in range(3)]
    assert [entry.is_admitted for entry in entries] == [True, True, False]
    queue.leave(entries[0])
    assert entries[2].is_admitted


async def test_a_full_server_does_not_hold_up_another() -> None:
    queue = queue_of(per_member=9, per_server=1, in_all=9)
    queue.enter(job("1", member="a", server=1))
    waiting = queue.enter(job("2", member="b", server=1))
    assert not waiting.is_admitted
    assert queue.enter(job("3", member="c", server=2)).is_admitted
    assert queue.enter(job("4", member="d", server=None)).is_admitted


async def test_jobs_from_before_a_restart_use_capacity_without_waiting() -> None:
    queue = queue_of(**ONE_AT_A_TIME)
    taken = [queue.enter_running(job("1")), queue.enter_running(job("2"))]
    assert all(entry.is_admitted for entry in taken)
    waiting = queue.enter(job("3"))
    queue.leave(taken[0])
    assert not waiting.is_admitted
    queue.leave(taken[1])
    assert waiting.is_admitted


async def test_an_entry_that_leaves_is_no_longer_counted() -> None:
    queue = queue_of(**ONE_AT_A_TIME)
    running, first, second = (queue.enter(job(str(index))) for index in range(3))
    assert (queue.position(first), queue.position(second), queue.waiting("5:1")) == (1, 2, 2)
    queue.leave(first)
    assert (queue.position(second), queue.waiting("5:1")) == (1, 1)
    queue.leave(running)
    assert second.is_admitted
    assert queue.waiting("5:1") == 0


async def test_waiting_for_admission_ends_after_the_given_time() -> None:
    queue = queue_of(**ONE_AT_A_TIME)
    running, waiting = queue.enter(job("1")), queue.enter(job("2"))
    assert not await waiting.wait(0)
    asyncio.get_running_loop().call_soon(queue.leave, running)
    assert await waiting.wait(60)


async def test_a_member_who_cancels_a_job_keeps_the_first_turn_for_the_next() -> None:
    queue = queue_of(**ONE_AT_A_TIME)
    queue.enter(job("0", member="early"))
    cancelled, kept = queue.enter(job("a1", member="a")), queue.enter(job("a2", member="a"))
    other = queue.enter(job("b1", member="b"))
    queue.leave(cancelled)
    assert (queue.position(kept), queue.position(other)) == (1, 2)


async def test_a_member_whom_a_limit_kept_back_makes_up_for_one_turn_only() -> None:
    queue = queue_of(per_member=2, per_server=9, in_all=3)
    slow = [queue.enter(job(f"slow {index}", member="x")) for index in range(2)]
    first, second = (queue.enter(job(f"x{index}", member="x")) for index in range(2))
    others = [queue.enter(job(f"{member}{index}", member=member)) for index in range(9) for member in "ab"]
    for running in others[:8]:
        queue.leave(running)
    for running in slow:
        queue.leave(running)
    assert first.is_admitted
    assert not second.is_admitted


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=30), st.integers(0, 2**32))
def test_positions_foretell_the_order_of_admission_where_no_limit_holds_a_member_back(
    members: list[str], seed: int
) -> None:
    async def enter_and_serve() -> None:
        queue = queue_of(per_member=1, per_server=1, in_all=1)
        entries = [
            queue.enter(job(f"{index}{member}", member=member)) for index, member in enumerate(members)
        ]
        waiting = [entry for entry in entries if not entry.is_admitted]
        for entry in random.Random(seed).sample(waiting, len(waiting) // 4):
            queue.leave(entry)
            waiting.remove(entry)
        expected = [entry.job_id for entry in sorted(waiting, key=queue.position)]
        assert list(queue.next_ids(len(members))) == expected
        assert _served_in_turn(queue, [entries[0], *waiting])[1:] == expected

    asyncio.run(enter_and_serve())


def _served_in_turn(queue: FairQueue, entries: Sequence[QueueEntry]) -> list[str]:
    """Let the job that was admitted first end, again and again; return the ids in the order of admission."""
    running = [entry for entry in entries if entry.is_admitted]
    served = [entry.job_id for entry in running]
    while running:
        queue.leave(running.pop(0))
        admitted = [entry for entry in entries if entry.is_admitted and entry.job_id not in served]
        running += admitted
        served += [entry.job_id for entry in admitted]
    return served


@pytest.mark.parametrize(
    ("servers", "per_member"),
    [(1, 1), (50, 1), (1, 1_000_000)],
    ids=["one server", "many servers", "one member"],
)
async def test_no_step_looks_at_every_waiting_job(servers: int, per_member: int) -> None:
    few, many = [await _steps_of(size, servers, per_member) for size in (250, 4_000)]
    assert {step: count for step, count in many.items() if count > 2 * few[step] + 50} == {}


async def _steps_of(size: int, servers: int, per_member: int) -> dict[str, int]:
    """Lines of Python that each step of the queue runs with so many waiting jobs."""
    queue = queue_of(per_member=2, per_server=3, in_all=10)
    entries = [
        queue.enter(job(str(index), member=str(index // per_member), server=index % servers))
        for index in range(size)
    ]
    running, waiting = entries[0], entries[size // 2]
    return {
        "position": _lines_run(lambda: queue.position(waiting)),
        "enter": _lines_run(lambda: queue.enter(job("new", member="new", server=0))),
        "leave the queue": _lines_run(lambda: queue.leave(waiting)),
        "end": _lines_run(lambda: queue.leave(running)),
        "limits": _lines_run(lambda: queue.set_limits(0, Limits(per_member=3, per_server=4))),
    }


def _lines_run(step: Callable[[], object]) -> int:
    lines = 0

    def trace(_: FrameType, event: str, __: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        step()
    finally:
        sys.settrace(before)
    return lines


async def test_members_and_servers_that_have_left_take_no_memory() -> None:
    queue = queue_of(**ONE_AT_A_TIME)

    def pass_through(first: int) -> None:
        for index in range(first, first + 500):
            entries = [queue.enter(job(f"{index}-{each}", member=str(index), server=index)) for each in "ab"]
            for entry in entries:
                queue.leave(entry)

    pass_through(0)
    tracemalloc.start()
    try:
        pass_through(500)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 30_000


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(1, 4), st.integers(1, 5))
def test_positions_number_the_waiting_jobs_and_no_limit_is_exceeded(
    seed: int, per_member: int, per_server: int, in_all: int
) -> None:
    asyncio.run(
        _enter_and_leave(
            random.Random(seed), {"per_member": per_member, "per_server": per_server, "in_all": in_all}
        )
    )


async def _enter_and_leave(rng: random.Random, limits: dict[str, int]) -> None:
    queue = queue_of(**limits)
    entries: list[QueueEntry] = []
    for step in range(40):
        if entries and rng.random() < 0.45:
            queue.leave(entries.pop(rng.randrange(len(entries))))
        else:
            member, server = rng.choice("abc"), rng.choice([1, 2, None])
            entries.append(queue.enter(job(str(step), member=f"{server}:{member}", server=server)))
        running = [entry for entry in entries if entry.is_admitted]
        waiting = [entry for entry in entries if not entry.is_admitted]
        assert len(running) <= limits["in_all"]
        assert all(
            count <= limits["per_member"] for count in Counter(entry.member for entry in running).values()
        )
        servers = Counter(entry.server for entry in running if entry.server is not None)
        assert all(count <= limits["per_server"] for count in servers.values())
        assert sorted(queue.position(entry) for entry in waiting) == list(range(1, len(waiting) + 1))
        if len(running) < limits["in_all"]:
            for entry in waiting:
                full = sum(each.member == entry.member for each in running) == limits["per_member"]
                assert full or servers[entry.server or 0] == limits["per_server"]


async def test_the_next_order_of_a_member_waits_for_one_job_of_a_batch_and_not_for_all() -> None:
    queue = queue_of(**ONE_AT_A_TIME)
    running = queue.enter(job("0", member="early"))
    batch = [queue.enter(job(f"a{index}", member="a", batch="a0")) for index in range(4)]
    single = queue.enter(job("single", member="a"))
    other = queue.enter(job("other", member="b"))
    served = _served_in_turn(queue, [running, *batch, single, other])
    assert served == ["0", "a0", "other", "single", "a1", "a2", "a3"]


async def test_an_order_that_overtakes_a_batch_is_admitted_by_the_limits_of_its_own_server() -> None:
    queue = queue_of(per_member=9, per_server=1, in_all=9)
    queue.enter(job("0", member="early", server=1))
    batch = [queue.enter(job(f"a{index}", member="a", server=1, batch="a0")) for index in range(3)]
    queue.leave(batch[0])
    assert queue.enter(job("single", member="a", server=2)).is_admitted
    assert not any(entry.is_admitted for entry in batch[1:])


async def test_a_batch_waits_as_one_order() -> None:
    queue = queue_of(**ONE_AT_A_TIME)
    queue.enter(job("0", member="early"))
    batch = [queue.enter(job(f"a{index}", member="a", batch="a0")) for index in range(3)]
    queue.enter(job("single", member="a"))
    assert queue.waiting("a") == 2
    for entry in batch:
        queue.leave(entry)
    assert queue.waiting("a") == 1
