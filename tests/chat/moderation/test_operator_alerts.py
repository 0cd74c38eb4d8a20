"""Without credit at Segmind, jobs wait or are released, operators are alerted, and jobs resume alone."""

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.chat.moderation.operator_alerts import OperatorAlerts
from bot.chat.text import Text
from bot.jobs.job import Reason, State
from bot.jobs.supervision.decisions import OutcomesUnknown
from bot.sandbox.segmind.faults.fault import FaultKind
from tests.harness import Reply, Stage, eventually, texts
from tests.wording import wording

RELEASE = pytest.mark.stage(segmind={"when_empty": "release"}, jobs={"per_member": 1})
LOW = pytest.mark.stage(segmind={"low_balance": 9.92})


@pytest.fixture(autouse=True)
def operator(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> int:
    """Make the member an operator: the simulated Discord creates ids only once the bot has started."""
    operators = OperatorAlerts(
        [stage.member.id], client=stage.app.client, background=stage.app.background, text=Text.load()
    )
    monkeypatch.setattr(stage.app.engine.watch, "_on_event", operators.tell)
    return stage.member.id


def alerts(stage: Stage) -> list[str]:
    """Return the direct messages that the bot sent, in order."""
    return [
        "\n".join(texts(entry.json["components"]))
        for entry in stage.env.http_requests
        if entry.method == "POST"
        and entry.path.endswith("/messages")
        and str(stage.channel.id) not in entry.path
        and entry.json
    ]


async def was_alerted(stage: Stage, *words: str) -> None:
    """Wait for one alert with each of these words, and no others."""
    await eventually(lambda: len(alerts(stage)) >= len(words), lambda: f"{words} in {alerts(stage)}")
    assert len(alerts(stage)) == len(words)
    assert all(word in alert for word, alert in zip(words, alerts(stage), strict=True))


async def ordered_at_once(stage: Stage, count: int) -> list[Reply]:
    """Order for `count` members at once, so that all jobs are submitted before the first response."""
    stage.segmind.faults.next("submit", "latency=1", "no-credits", times=count)
    members = [stage.another_member(f"member {number}") for number in range(count)]
    replies = [await stage.order_as(member, "faceswap-v5") for member in members]
    counts = stage.segmind.faults.counts
    await eventually(lambda: counts["submit", FaultKind.LATENCY] == count, lambda: str(counts))
    stage.clock.move(1)
    return replies


async def ledger_is_sound(stage: Stage, *, free: int) -> None:
    balance = await stage.app.store.balance(stage.account)
    assert (balance.free, balance.held) == (free, 0)
    assert await stage.app.store.discrepancies() == []


async def test_a_job_waits_for_credit_at_segmind_and_resumes_alone(stage: Stage) -> None:
    stage.segmind.balance = 0
    reply = await stage.order("faceswap-v5")
    await reply.says("Paused", wording("stage.no_balance_note"))
    await was_alerted(stage, "used up")
    assert (await stage.job(reply)).state is State.HELD
    await (await stage.order("faceswap-v5")).refused(wording("refused.balance"), "has been notified")
    stage.segmind.balance = 8
    await reply.says("Queued")
    await stage.finish(reply, "Completed")
    await was_alerted(stage, "used up", "$8.00")
    assert len(stage.segmind.submissions) == 1
    await ledger_is_sound(stage, free=95)


async def test_one_waiting_job_probes_while_the_balance_is_unknown(
    stage: Stage,
) -> None:
    faults = stage.segmind.faults
    replies = await ordered_at_once(stage, 3)
    faults.always("submit", "no-credits")
    faults.always("credits", "error-before=404")
    for reply in replies:
        await reply.says("Paused")

    def tries() -> int:
        return faults.counts["submit", FaultKind.NO_CREDITS] - len(replies)

    await eventually(lambda: tries() >= 3, lambda: str(faults.counts))
    assert tries() <= faults.counts["credits", FaultKind.ERROR_BEFORE]
    faults.clear()
    for reply in replies:
        await reply.says("Queued")
    assert len(stage.segmind.submissions) == len(replies)
    await eventually(lambda: len(alerts(stage)) == 2, lambda: str(alerts(stage)))


async def test_a_job_is_tried_again_while_the_balance_is_too_low_for_it(stage: Stage) -> None:
    stage.segmind.faults.always("submit", "no-credits")
    reply = await stage.order("faceswap-v5")
    counts = stage.segmind.faults.counts
    await eventually(lambda: counts["submit", FaultKind.NO_CREDITS] >= 3, lambda: str(counts))
    await was_alerted(stage, "used up")
    stage.segmind.faults.clear()
    await reply.says("Queued")
    await was_alerted(stage, "used up", "$10.00")


@RELEASE
async def test_waiting_jobs_are_released_if_the_operator_prefers_it(stage: Stage) -> None:
    stage.segmind.faults.next("submit", "latency=1", "no-credits")
    first, counts = await stage.order("faceswap-v5"), stage.segmind.faults.counts
    await eventually(lambda: counts["submit", FaultKind.LATENCY], lambda: str(counts))
    second = await stage.order("faceswap-v5")
    await second.says("Waiting in line")
    stage.segmind.balance = 0
    for reply in (first, second):
        await stage.finish(reply, wording("state.unavailable"), "Nothing was charged")
        assert (await stage.job(reply)).reason is Reason.SERVICE
    await ledger_is_sound(stage, free=100)
    await (await stage.order("faceswap-v5")).refused(wording("refused.balance"))
    await was_alerted(stage, "used up")
    stage.segmind.balance = 10
    await was_alerted(stage, "used up", "$10.00")
    await (await stage.order("faceswap-v5")).says("Queued")


@RELEASE
async def test_the_next_order_probes_while_no_job_waits_and_the_balance_is_unknown(
    stage: Stage,
) -> None:
    stage.segmind.faults.always("credits", "error-before=404")
    stage.segmind.faults.next("submit", "no-credits")
    await (await stage.order("faceswap-v5")).says(wording("state.unavailable"))
    while (reply := await stage.order("faceswap-v5")).result.ephemeral:
        await reply.refused("run out")
    await reply.says("Queued")
    await was_alerted(stage, "used up", "Orders continue")


@LOW
async def test_operators_are_alerted_once_each_time_the_balance_becomes_low(stage: Stage) -> None:
    async def finish_jobs(count: int) -> None:
        for _ in range(count):
            await stage.finish(await stage.order("faceswap-v5"), "Completed")

    await finish_jobs(1)
    assert alerts(stage) == []
    await finish_jobs(1)
    await was_alerted(stage, "$9.90 left")
    await finish_jobs(2)
    stage.segmind.balance = 10.05
    await finish_jobs(1)
    while await stage.app.store.read_value("balance at Segmind") != "fine":
        await asyncio.sleep(0.01)
    await finish_jobs(2)
    await was_alerted(stage, "$9.90 left", "$9.90 left")


async def test_an_operator_with_closed_direct_messages_delays_nothing(stage: Stage) -> None:
    stage.env.inject_error("POST", "/users/@me/channels", status=403, code=50007, times=None)
    stage.segmind.balance = 0
    with capture_logs() as logs:
        reply = await stage.order("faceswap-v5")
        await reply.says("Paused")
        await eventually(
            lambda: [line for line in logs if line["event"] == "operator not alerted"],
            lambda: str(logs),
        )
    stage.segmind.balance = 10
    await reply.says("Queued")
    assert alerts(stage) == []


async def test_an_operator_is_asked_about_orders_of_unknown_outcome(stage: Stage, operator: int) -> None:
    operators = OperatorAlerts(
        [operator], client=stage.app.client, background=stage.app.background, text=Text.load()
    )
    operators.tell(OutcomesUnknown(2))
    await was_alerted(stage, "2 orders have an unknown outcome")
    assert "`doppel unknown --release`" in alerts(stage)[0]
