"""The runner takes a job to its end from whatever state it was left in."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from bot.clock import WallClock
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job, Reason, State
from bot.jobs.ports import StoreUnavailable
from bot.jobs.stages import Queued
from bot.sandbox.segmind import LocalSegmind
from bot.segmind import states
from bot.segmind.client import SegmindClient
from bot.segmind.errors import Unavailable, UnreadableResponse
from bot.segmind.history import Found
from bot.segmind.polling import PollPlan
from bot.segmind.protocol import parse_status
from bot.segmind.responses import Response
from tests.clocks import HeldClock
from tests.harness import eventually, local_segmind
from tests.jobs.harness import JobHarness, inline_job, job_harness


@pytest.fixture
async def harness(sqlite_url: str, segmind: LocalSegmind) -> AsyncGenerator[JobHarness]:
    async with job_harness(sqlite_url, segmind) as opened:
        yield opened


async def test_a_job_runs_from_its_hold_to_its_capture(harness: JobHarness) -> None:
    harness.runner.start(await harness.leave_open(inline_job()))
    ended, content = await harness.ended()
    assert ended.state is State.DONE
    assert content is not None
    assert content.startswith(b"\x89PNG")
    assert ended.cost == pytest.approx(0.05)
    balance = await harness.store.balance(ended.account)
    assert (balance.free, balance.held) == (95, 0)
    assert await harness.store.discrepancies() == []


async def test_the_route_of_the_delivery_is_written_down(harness: JobHarness) -> None:
    harness.runner.start(await harness.leave_open(inline_job()))
    await harness.ended()
    closed = await harness.store.find("a")
    assert closed is not None
    assert (closed.told, closed.delivery) == (True, Delivery.EDITED)


async def test_a_job_started_twice_runs_once(harness: JobHarness, segmind: LocalSegmind) -> None:
    order = await harness.leave_open(inline_job())
    harness.runner.start(order)
    harness.runner.start(order)
    await harness.ended()
    assert len(segmind.submissions) == 1


async def test_a_captured_job_that_was_not_delivered_is_delivered_after_a_restart(
    harness: JobHarness,
) -> None:
    harness.runner.start(await harness.leave_open(inline_job("first")))
    first, content = await harness.ended("first")
    order = await harness.leave_open(
        inline_job("second"),
        (State.SUBMITTING, {}),
        (State.SUBMITTED, {"request_id": "known"}),
        (State.READY, {"output": first.output}),
        (State.DONE, {"settled_at": 2.0}),
    )
    harness.runner.start(order)
    assert (await harness.ended("second"))[1] == content


async def test_a_captured_job_ends_even_if_its_result_is_gone(harness: JobHarness) -> None:
    order = await harness.leave_open(
        inline_job(),
        (State.SUBMITTING, {}),
        (State.SUBMITTED, {"request_id": "forgotten"}),
        (State.READY, {}),
        (State.DONE, {"settled_at": 2.0}),
    )
    harness.runner.start(order)
    ended, content = await harness.ended()
    assert (ended.state, content) == (State.DONE, None)


async def test_a_result_inside_the_response_is_delivered_like_any_other(harness: JobHarness) -> None:
    order = replace(inline_job(), slug="faceswap-v4")
    body = {name: value for name, value in order.body.items() if name != "additional_prompt"}
    order = replace(order, body=body | {"base64": True})
    harness.runner.start(await harness.leave_open(order))
    ended, content = await harness.ended()
    assert (ended.state, ended.output) == (State.DONE, None)
    assert content is not None


class UnreadableStatus(SegmindClient):
    """Client of a Segmind that reports COMPLETED without an output."""

    async def status(self, request_id: str, plan: PollPlan | None = None) -> states.State:
        del plan
        raise UnreadableResponse(f"{request_id} is completed without an output")


async def test_a_job_whose_status_stays_unreadable_ends_without_a_charge(
    sqlite_url: str, segmind: LocalSegmind
) -> None:
    async with job_harness(sqlite_url, segmind, UnreadableStatus) as harness:
        harness.runner.start(await harness.leave_open(inline_job()))
        ended, _ = await harness.ended()
        assert (ended.state, ended.reason) == (State.FAILED, Reason.RESULT)
        assert (await harness.store.balance(ended.account)).free == 100


class ImplausibleCost(SegmindClient):
    """Client of a Segmind that reports a cost which no ledger could hold."""

    async def status(self, request_id: str, plan: PollPlan | None = None) -> states.State:
        body = json.dumps({"status": "COMPLETED", "metrics": {"cost": 1e14}}).encode()
        state = await super().status(request_id, plan)
        if not isinstance(state, states.Completed):
            return state
        parsed = parse_status(Response(200, body))
        return replace(state, metrics=cast("states.Completed", parsed).metrics)


async def test_an_implausible_cost_is_logged_and_the_expected_one_counts(
    sqlite_url: str, segmind: LocalSegmind
) -> None:
    with capture_logs() as entries:
        async with job_harness(sqlite_url, segmind, ImplausibleCost) as harness:
            harness.runner.start(await harness.leave_open(inline_job()))
            ended, _ = await harness.ended()
            assert (ended.state, ended.cost) == (State.DONE, None)
            assert (await harness.store.balance(ended.account)).free == 95
            assert await harness.store.discrepancies() == []
    assert "100000000000000.0" in [entry.get("cost") for entry in entries]


class NoStatus(SegmindClient):
    """Client of a Segmind that accepts jobs and never answers a status request."""

    async def status(self, request_id: str, plan: PollPlan | None = None) -> states.State:
        del plan
        raise Unavailable(f"no status of {request_id}")

    async def history_record(self, request_id: str) -> Found | None:
        del request_id


async def test_a_job_is_given_up_after_its_timeout(sqlite_url: str, segmind: LocalSegmind) -> None:
    async with job_harness(sqlite_url, segmind, NoStatus, job_timeout=0) as harness:
        harness.runner.start(await harness.leave_open(inline_job()))
        ended, _ = await harness.ended()
        assert ended.state is State.EXPIRED
        assert (await harness.store.balance(ended.account)).free == 100


class JumpingClock(WallClock):
    """Clock that was set forward by some seconds."""

    jump = 0.0

    def now(self) -> float:
        return super().now() + self.jump


async def test_a_clock_that_is_set_forward_does_not_end_a_job_that_segmind_works_on(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.jobs.harness.WallClock", JumpingClock)
    clock = HeldClock()
    async with (
        local_segmind(clock) as segmind,
        job_harness(sqlite_url, segmind, job_timeout=600) as harness,
    ):
        harness.runner.start(await harness.leave_open(inline_job()))
        await harness.shows("a", Queued)
        vars(harness.clock)["jump"] = 3600.0
        requests = segmind.calls["result"]
        while segmind.calls["result"] < requests + 3:
            await asyncio.sleep(0.001)
        clock.move(60)
        assert (await harness.ended())[0].state is State.DONE


class ForgetfulSegmind(SegmindClient):
    """Segmind has forgotten every finished request, and its history cannot be read at first."""

    history_errors = 0
    requests = 0

    async def status(self, request_id: str, plan: PollPlan | None = None) -> states.State:
        # Only after the job's end: before that, the history does not know it either.
        state = await super().status(request_id, plan)
        stuck = self.requests > 20
        self.requests += 1
        return (
            state if isinstance(state, states.Queued | states.Processing) and not stuck else states.Expired()
        )

    async def history_record(self, request_id: str) -> Found | None:
        if self.history_errors:
            self.history_errors -= 1
            raise Unavailable("the history is away")
        return await super().history_record(request_id)


@pytest.mark.parametrize(
    ("fault", "history_errors", "state"),
    [
        (None, 0, State.DONE),
        (None, 2, State.DONE),
        (None, 3, State.EXPIRED),
        ("failed=no face", 0, State.FAILED),
        ("blocked", 0, State.BLOCKED),
        ("stuck", 0, State.EXPIRED),
    ],
)
async def test_a_forgotten_job_is_searched_for_in_the_history(
    sqlite_url: str, segmind: LocalSegmind, fault: str | None, history_errors: int, state: State
) -> None:
    if fault is not None:
        segmind.faults.next("submit", fault)
    async with job_harness(sqlite_url, segmind, ForgetfulSegmind, forgotten_after=0) as harness:
        vars(harness.client)["history_errors"] = history_errors
        harness.runner.start(await harness.leave_open(inline_job()))
        ended, content = await harness.ended()
        assert ended.state is state
        assert (content is not None) == (state is State.DONE)
        assert ended.cost == (pytest.approx(0.05) if state is State.DONE else None)
        assert (await harness.store.balance(ended.account)).free == (95 if state is State.DONE else 100)


class LaggingSegmind(SegmindClient):
    """Segmind's replicas do not know a fresh request, and its history lists it late."""

    unknown = 0
    unlisted = 0

    async def status(self, request_id: str, plan: PollPlan | None = None) -> states.State:
        if self.unknown:
            self.unknown -= 1
            return states.Expired()
        return await super().status(request_id, plan)

    async def history_record(self, request_id: str) -> Found | None:
        if self.unlisted:
            self.unlisted -= 1
            return None
        return await super().history_record(request_id)


async def test_a_fresh_request_that_is_not_found_is_polled_on(sqlite_url: str, segmind: LocalSegmind) -> None:
    async with job_harness(sqlite_url, segmind, LaggingSegmind) as harness:
        vars(harness.client).update(unknown=5, unlisted=100)
        harness.runner.start(await harness.leave_open(inline_job()))
        ended, content = await harness.ended()
        assert ended.state is State.DONE
        assert content is not None


@pytest.mark.parametrize("forgotten_after", [0, 3600])
async def test_the_history_lists_a_forgotten_request_late(
    sqlite_url: str, segmind: LocalSegmind, forgotten_after: float
) -> None:
    async with job_harness(sqlite_url, segmind, LaggingSegmind, forgotten_after=forgotten_after) as harness:
        harness.runner.start(await harness.leave_open(inline_job("first")))
        first, _ = await harness.ended("first")
        # A second row cannot have the same request, so the first one's is taken from it.
        forgotten = {"request_id": first.request_id, "submitted_at": harness.clock.now()}
        async with harness.store._transaction() as connection:  # pyright: ignore[reportPrivateUsage]
            await connection.exec_driver_sql("UPDATE jobs SET request_id = NULL")
        vars(harness.client).update(unknown=100, unlisted=2)
        order = await harness.leave_open(
            inline_job("second"), (State.SUBMITTING, {}), (State.SUBMITTED, forgotten)
        )
        harness.runner.start(order)
        ended, content = await harness.ended("second")
        assert ended.state is State.DONE
        assert content is not None


@pytest.mark.parametrize("fault", ["error-before=403", "error-before=404"])
@pytest.mark.parametrize("captured", [False, True])
async def test_a_fresh_result_that_cannot_be_fetched_is_fetched_later(
    harness: JobHarness, segmind: LocalSegmind, fault: str, *, captured: bool
) -> None:
    harness.runner.start(await harness.leave_open(inline_job("first")))
    first, content = await harness.ended("first")
    ready = (
        (State.SUBMITTING, {"submitted_at": harness.clock.now()}),
        (State.SUBMITTED, {"request_id": "known"}),
        (State.READY, {"output": first.output}),
    )
    done = ((State.DONE, {"settled_at": harness.clock.now()}),) if captured else ()
    order = await harness.leave_open(inline_job("second"), *ready, *done)
    segmind.faults.next("file", fault, times=3)
    harness.runner.start(order)
    ended, fetched = await harness.ended("second")
    assert (ended.state, fetched) == (State.DONE, content)


async def test_a_job_goes_on_after_an_outage_of_the_database(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await harness.leave_open(inline_job())
    move, find, failures = harness.store.move, harness.store.find_own, iter(range(4))

    async def away(*_: Any) -> Any:
        raise StoreUnavailable("the disk is full")

    async def moved(job: Job, to: Job, **options: Any) -> Job:
        return await (away() if next(failures, None) is not None else move(job, to, **options))

    monkeypatch.setattr(harness.store, "move", moved)
    monkeypatch.setattr(harness.store, "find_own", away)
    harness.runner.start(order)
    await asyncio.sleep(0.05)
    monkeypatch.setattr(harness.store, "find_own", find)
    assert (await harness.ended())[0].state is State.DONE


async def test_a_delivery_that_fails_is_tried_again(harness: JobHarness, segmind: LocalSegmind) -> None:
    harness.watcher.errors = [ConnectionError("Discord is unreachable"), RuntimeError("a bug")]
    harness.runner.start(await harness.leave_open(inline_job()))
    ended, content = await harness.ended()
    assert ended.state is State.DONE
    assert content is not None
    assert harness.watcher.errors == []
    assert len(segmind.submissions) == 1


async def test_every_step_whose_answer_was_lost_is_read_again_until_that_succeeds(
    harness: JobHarness, segmind: LocalSegmind, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await harness.leave_open(inline_job())
    move, find = harness.store.move, harness.store.find_own
    lost, unread = set[State](), list[str]()

    async def move_and_lose_answer(job: Job, to: Job, **options: Any) -> Job:
        moved = await move(job, to, **options)
        if to.state not in lost and to.state is not State.SUBMITTING:
            lost.add(to.state)
            raise RuntimeError("the answer was lost")
        return moved

    async def find_at_second_attempt(job_id: str) -> Job | None:
        if len(unread) < len(lost):
            unread.append(job_id)
            raise RuntimeError("the database is not back yet")
        return await find(job_id)

    monkeypatch.setattr(harness.store, "move", move_and_lose_answer)
    monkeypatch.setattr(harness.store, "find_own", find_at_second_attempt)
    harness.runner.start(order)
    assert (await harness.ended())[0].state is State.DONE
    assert lost == {State.SUBMITTED, State.READY, State.DONE}
    assert len(segmind.billed) == 1
    assert await harness.store.discrepancies() == []


async def test_a_stale_copy_of_an_own_job_is_replaced_by_its_row(
    harness: JobHarness, segmind: LocalSegmind
) -> None:
    order = inline_job()
    await harness.leave_open(order, (State.CANCELLED, {"settled_at": 1.0}))
    harness.runner.start(order)
    assert (await harness.ended())[0].state is State.CANCELLED
    assert segmind.submissions == ()
    assert (await harness.store.balance(order.account)).free == 100


async def test_a_closed_runner_leaves_jobs_to_the_next_start(
    harness: JobHarness, segmind: LocalSegmind
) -> None:
    order = await harness.leave_open(inline_job())
    await harness.runner.close()
    harness.runner.start(order)
    assert harness.runner.running == frozenset()
    assert segmind.submissions == ()


async def test_the_member_is_told_when_the_database_has_lost_the_order(
    harness: JobHarness, segmind: LocalSegmind
) -> None:
    """After a restored backup, or a failover to a replica that was behind, the job is in no row."""
    harness.runner.start(replace(inline_job(), batch="a"))
    await eventually(lambda: not harness.runner.running, lambda: "the task ends")
    job, content = harness.watcher.ends["a"]
    assert (job.state, job.reason, job.batch, content) == (State.FAILED, Reason.FORGOTTEN, None, None)
    assert segmind.submissions == ()
