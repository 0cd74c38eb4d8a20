"""The waiting line is fair and bounded."""

import asyncio
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.jobs.queue import FairQueue, QueueEntry
from bot.ledger.server_rules import Limits
from tests.jobs.orders import job


def line_of(*, per_member: int, per_server: int, in_all: int) -> FairQueue:
    return FairQueue(Limits(per_member=per_member, per_server=per_server), in_all=in_all)


WIDE = {"per_member": 100, "per_server": 100, "in_all": 100}
ONE_BY_ONE = {"per_member": 1, "per_server": 1, "in_all": 1}


async def test_a_job_is_called_at_once_where_there_is_room() -> None:
    assert line_of(**WIDE).enter(job()).called


async def test_members_take_turns_whatever_one_of_them_ordered_first() -> None:
    line = line_of(**ONE_BY_ONE)
    running = line.enter(job("0", member="early"))
    names = {
        line.enter(job(str(index), member=member)): member
        for index, member in enumerate(["a", "a", "a", "b", "c"])
    }
    called: list[str] = []
    while len(called) < len(names):
        line.leave(running)
        running = next(
            ticket for ticket in names if ticket.called and ticket is not running and names[ticket]
        )
        called.append(names[running])
        names[running] = ""
    assert called == ["a", "b", "c", "a", "a"]


@pytest.mark.parametrize(
    "room",
    [
        WIDE | {"per_member": 2},
        WIDE | {"per_server": 2},
        WIDE | {"in_all": 2},
    ],
)
async def test_each_bound_holds_and_frees_again(room: dict[str, int]) -> None:
    line = line_of(**room)
    tickets = [line.enter(job(str(index))) for index in range(3)]
    assert [ticket.called for ticket in tickets] == [True, True, False]
    line.leave(tickets[0])
    assert tickets[2].called


async def test_a_full_server_does_not_hold_up_another() -> None:
    line = line_of(per_member=9, per_server=1, in_all=9)
    line.enter(job("1", member="a", server=1))
    waiting = line.enter(job("2", member="b", server=1))
    assert not waiting.called
    assert line.enter(job("3", member="c", server=2)).called
    assert line.enter(job("4", member="d", server=None)).called


async def test_jobs_from_before_a_restart_take_room_without_waiting() -> None:
    line = line_of(**ONE_BY_ONE)
    taken = [line.enter_running(job("1")), line.enter_running(job("2"))]
    assert all(ticket.called for ticket in taken)
    waiting = line.enter(job("3"))
    line.leave(taken[0])
    assert not waiting.called
    line.leave(taken[1])
    assert waiting.called


async def test_who_leaves_the_line_is_forgotten() -> None:
    line = line_of(**ONE_BY_ONE)
    running, first, second = (line.enter(job(str(index))) for index in range(3))
    assert (line.position(first), line.position(second), line.waiting("5:1")) == (1, 2, 2)
    line.leave(first)
    assert (line.position(second), line.waiting("5:1")) == (1, 1)
    line.leave(running)
    assert second.called
    assert line.waiting("5:1") == 0


async def test_a_turn_is_waited_for_no_longer_than_the_patience() -> None:
    line = line_of(**ONE_BY_ONE)
    running, waiting = line.enter(job("1")), line.enter(job("2"))
    assert not await waiting.wait(0)
    asyncio.get_running_loop().call_soon(line.leave, running)
    assert await waiting.wait(60)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(1, 4), st.integers(1, 5))
def test_in_any_storm_positions_number_those_who_wait_and_no_bound_is_passed(
    seed: int, per_member: int, per_server: int, in_all: int
) -> None:
    asyncio.run(
        _storm(random.Random(seed), {"per_member": per_member, "per_server": per_server, "in_all": in_all})
    )


async def _storm(dice: random.Random, room: dict[str, int]) -> None:
    line = line_of(**room)
    tickets: list[QueueEntry] = []
    for step in range(40):
        if tickets and dice.random() < 0.45:
            line.leave(tickets.pop(dice.randrange(len(tickets))))
        else:
            member, server = dice.choice("abc"), dice.choice([1, 2, None])
            tickets.append(line.enter(job(str(step), member=f"{server}:{member}", server=server)))
        running = [ticket for ticket in tickets if ticket.called]
        waiting = [ticket for ticket in tickets if not ticket.called]
        assert len(running) <= room["in_all"]
        assert all(
            count <= room["per_member"] for count in Counter(ticket.member for ticket in running).values()
        )
        servers = Counter(ticket.server for ticket in running if ticket.server is not None)
        assert all(count <= room["per_server"] for count in servers.values())
        assert sorted(line.position(ticket) for ticket in waiting) == list(range(1, len(waiting) + 1))
        if len(running) < room["in_all"]:
            for ticket in waiting:
                full = sum(each.member == ticket.member for each in running) == room["per_member"]
                assert full or servers[ticket.server or 0] == room["per_server"]
