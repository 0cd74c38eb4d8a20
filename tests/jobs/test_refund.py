"""The runner refunds a job whose result nobody may see, once, before the member reads about it."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.administration.audit import AuditAction
from bot.jobs.delivery import Refund
from bot.jobs.job import Job, Reason, State
from bot.ledger.account import EntryKind
from bot.sandbox.segmind import LocalSegmind
from bot.store import SqlStore
from tests.jobs.harness import inline_job, job_harness
from tests.patience import PATIENCE
from tests.store.orders import adopted_by

REJECTED = Refund(Reason.REJECTED, decided_by="7")


async def assert_refunded_once(store: SqlStore, job: Job) -> None:
    assert (await store.balance(job.account)).free == 100
    refunds = [line for line in await store.history(job.account) if line.ended is EntryKind.ADJUST]
    assert [(line.amount, line.job_id, line.actor) for line in refunds] == [(-5, job.id, "7")]
    (entry,) = await store.audit_entries(job.place.guild_id)
    assert (entry.actor, entry.action) == ("7", AuditAction.REFUND)
    assert entry.facts == {"job": job.id, "member": job.place.user_id, "amount": 5}
    assert await store.discrepancies() == []


async def test_a_result_that_nobody_may_see_is_refunded_and_shown_without_its_picture(
    url: str, segmind: LocalSegmind
) -> None:
    async with job_harness(url, segmind) as harness:
        harness.watcher.refund = REJECTED
        harness.runner.start(await harness.leave_open(inline_job()))
        shown, content = await harness.ended()
        assert (shown.state, shown.reason, shown.output) == (State.DONE, Reason.REJECTED, None)
        assert content is None
        await assert_refunded_once(harness.store, shown)


async def test_a_free_job_is_shown_without_a_refund(url: str, segmind: LocalSegmind) -> None:
    async with job_harness(url, segmind) as harness:
        harness.watcher.refund = REJECTED
        harness.runner.start(await harness.leave_open(replace(inline_job(), price=0)))
        shown, _ = await harness.ended()
        assert shown.reason is Reason.REJECTED
        assert await harness.store.audit_entries(shown.place.guild_id) == []


@pytest.mark.parametrize(
    ("step", "is_written", "free"), [("adjust", False, 95), ("adjust", True, 100), ("mark_told", False, 100)]
)
async def test_a_crash_between_refund_and_delivery_neither_loses_nor_doubles_the_refund(
    url: str,
    segmind: LocalSegmind,
    monkeypatch: pytest.MonkeyPatch,
    *,
    step: str,
    is_written: bool,
    free: int,
) -> None:
    """The process ends before the refund, between the refund and the card, or right after the card."""
    reached = asyncio.Event()
    async with job_harness(url, segmind) as harness:
        harness.watcher.refund = REJECTED
        call = getattr(harness.store, step)

        async def crash(*args: Any, **options: Any) -> None:
            if is_written:
                await call(*args, **options)
            reached.set()
            await asyncio.Future[None]()

        monkeypatch.setattr(harness.store, step, crash)
        order = await harness.leave_open(inline_job())
        harness.runner.start(order)
        await asyncio.wait_for(reached.wait(), PATIENCE)
        assert (await harness.store.balance(order.account)).free == free
        assert bool(harness.watcher.ends) is (step == "mark_told")
    async with job_harness(url, segmind) as harness:
        harness.watcher.refund = REJECTED
        for job in await adopted_by(harness.store):
            harness.runner.start(job)
        shown, content = await harness.ended()
        assert (shown.reason, content) == (Reason.REJECTED, None)
        await assert_refunded_once(harness.store, shown)
    assert len(segmind.submissions) == 1
