"""Whatever fails at Segmind, each job ends once and is paid only for a result."""

import pytest

from bot.jobs.job import Reason, State
from tests.harness import Stage, eventually
from tests.wording import wording


async def assert_settled(stage: Stage, *, free: int) -> None:
    balance = await stage.app.store.balance(stage.account)
    assert (balance.free, balance.held) == (free, 0)
    assert await stage.app.store.discrepancies() == []


@pytest.mark.parametrize(
    ("fault", "reason", "said", "refusal"),
    [
        ("bad-key", Reason.SERVICE, wording("state.unavailable"), "refused.service"),
        ("forbidden", Reason.SERVICE, wording("state.unavailable"), "refused.service"),
        ("unknown-model", Reason.SERVICE, wording("state.unavailable"), "refused.model"),
        ("retired", Reason.SERVICE, wording("state.unavailable"), "refused.model"),
    ],
)
async def test_an_error_of_the_operators_account_releases_the_hold_and_pauses_orders(
    stage: Stage, fault: str, reason: Reason, said: str, refusal: str
) -> None:
    stage.segmind.faults.always("submit", fault)
    reply = await stage.order("faceswap-v5")
    await reply.says(said, "Nothing was charged")
    assert (await stage.job(reply)).reason is reason
    await (await stage.order("faceswap-v5")).refused(wording(refusal))
    assert stage.segmind.submissions == ()
    await assert_settled(stage, free=100)


async def test_a_retired_model_does_not_stop_the_others(stage: Stage) -> None:
    stage.segmind.faults.next("submit", "retired")
    await (await stage.order("faceswap-v4")).says(wording("state.unavailable"))
    await (await stage.order("faceswap-v4")).refused(wording("refused.model"))
    await (await stage.order("faceswap-v5")).says("Queued")


async def test_when_segmind_is_down_the_member_reads_it_and_pays_nothing(stage: Stage) -> None:
    await stage.segmind.pause()
    reply = await stage.order("faceswap-v5")
    await reply.refused(wording("refused.upload"))
    await assert_settled(stage, free=100)


@pytest.mark.stage(segmind={"inputs": "link", "outage_patience": 0.3})
async def test_a_submission_during_an_outage_is_retried_and_then_released(stage: Stage) -> None:
    await stage.segmind.pause()
    reply = await stage.order("faceswap-v5")
    await reply.says("Trying again", "Not sent yet")
    await reply.says(wording("end.unreachable"), "Nothing was charged")
    assert (await stage.job(reply)).reason is Reason.UNREACHABLE
    await assert_settled(stage, free=100)


async def test_a_rate_limit_is_waited_out(stage: Stage) -> None:
    stage.segmind.faults.next("submit", "rate-limit=0")
    reply = await stage.order("faceswap-v5")
    await reply.says("Queued")
    await stage.finish(reply, "Completed")
    assert len(stage.segmind.submissions) == 1
    await assert_settled(stage, free=95)


@pytest.mark.parametrize(
    "fault", ["error-after=500", "error-after=502", "error-after=504", "drop-after", "malformed", "truncated"]
)
async def test_a_submission_of_unknown_outcome_is_found_and_never_sent_twice(
    stage: Stage, fault: str
) -> None:
    stage.segmind.faults.next("submit", fault)
    reply = await stage.order("faceswap-v5")
    await stage.finish(reply, "Completed")
    assert any("Checking" in edit for edit in reply.edits)
    assert len(stage.segmind.submissions) == 1
    await assert_settled(stage, free=95)


@pytest.mark.stage(segmind={"unknown_window": 0.2})
@pytest.mark.parametrize("fault", ["error-before=500", "error-before=502", "drop-before"])
async def test_a_submission_that_never_arrived_is_released_when_its_window_is_over(
    stage: Stage, fault: str
) -> None:
    stage.segmind.faults.next("submit", fault)
    reply = await stage.order("faceswap-v5")
    await reply.says("Checking")
    # Only a history that shows another order proves that this one is missing.
    await stage.finish(await stage.order("faceswap-v5"), "Completed")
    await reply.says("Lost on the way", "Nothing was charged")
    assert len(stage.segmind.submissions) == 1
    assert (await stage.job(reply)).reason is Reason.NOT_FOUND
    await assert_settled(stage, free=95)


@pytest.mark.parametrize("fault", ["error-before=502", "drop-before", "malformed", "truncated"])
async def test_errors_while_polling_do_not_end_a_job(stage: Stage, fault: str) -> None:
    stage.segmind.faults.next("result", fault, times=2)
    reply = await stage.order("faceswap-v5")
    await stage.finish(reply, "Completed")
    await assert_settled(stage, free=95)


async def test_a_rate_limit_while_polling_delays_every_job(stage: Stage) -> None:
    stage.segmind.faults.next("result", "rate-limit=0")
    reply = await stage.order("faceswap-v5")
    await eventually(lambda: stage.segmind.calls["result"] or None, lambda: "the first poll")
    other = await stage.order("faceswap-v4")
    await other.says("Queued")
    await stage.finish(reply, "Completed")
    await stage.finish(other, "Completed")
    assert len(stage.segmind.submissions) == 2


@pytest.mark.stage(segmind={"job_timeout": 0.5})
async def test_a_job_that_segmind_forgets_expires_without_a_charge(stage: Stage) -> None:
    stage.segmind.faults.always("result", "expired")
    reply = await stage.order("faceswap-v5")
    await reply.says("Expired", "Nothing was charged")
    assert (await stage.job(reply)).state is State.EXPIRED
    await assert_settled(stage, free=100)


@pytest.mark.stage(segmind={"job_timeout": 2})
async def test_a_result_that_cannot_be_fetched_is_free(stage: Stage) -> None:
    reply = await stage.order("faceswap-v5")
    await reply.says("Queued")
    stage.segmind.faults.always("file", "error-before=404")
    await stage.finish(reply, wording("end.result"), "Nothing was charged")
    await assert_settled(stage, free=100)
