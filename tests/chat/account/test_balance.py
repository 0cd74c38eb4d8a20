"""Nothing left at Segmind: orders wait or are given back, the operator is told, and all goes on by itself."""

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.chat.moderation.operator_alerts import OperatorAlerts
from bot.chat.text import Text
from bot.jobs.job import Reason, State
from bot.sandbox.segmind.faults import FaultKind
from tests.harness import Reply, Stage, eventually, texts

RELEASE = pytest.mark.stage(segmind={"when_empty": "release"}, jobs={"per_member": 1})
LOW = pytest.mark.stage(segmind={"low_balance": 9.92})


@pytest.fixture(autouse=True)
def operator(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> int:
    """The member herself: the simulated Discord gives out its ids only after the bot has its settings."""
    operators = OperatorAlerts(
        [stage.member.id], client=stage.app.client, background=stage.app.background, text=Text.load()
    )
    monkeypatch.setattr(stage.app.engine.watch, "_operator", operators)
    return stage.member.id


def told(stage: Stage) -> list[str]:
    """What was said outside of the channel, in the order of saying it."""
    return [
        "\n".join(texts(entry.json["components"]))
        for entry in stage.env.http_requests
        if entry.method == "POST"
        and entry.path.endswith("/messages")
        and str(stage.channel.id) not in entry.path
        and entry.json
    ]


async def was_told(stage: Stage, *words: str) -> None:
    """These, one after the other, and nothing else."""
    await eventually(lambda: len(told(stage)) >= len(words), lambda: f"{words} in {told(stage)}")
    assert len(told(stage)) == len(words)
    assert all(word in said for word, said in zip(words, told(stage), strict=True))


async def ordered_at_once(stage: Stage, count: int) -> list[Reply]:
    """Orders of so many members that are all on their way before the first answer."""
    stage.segmind.faults.next("submit", "latency=1", "no-credits", times=count)
    members = [stage.another_member(f"member {number}") for number in range(count)]
    replies = [await stage.order_as(member, "faceswap-v5") for member in members]
    met = stage.segmind.faults.counts
    await eventually(lambda: met["submit", FaultKind.LATENCY] == count, lambda: str(met))
    stage.clock.move(1)
    return replies


async def first_words(reply: Reply) -> str:
    return await eventually(lambda: reply.text, lambda: "no answer")


async def books_are_right(stage: Stage, *, free: int) -> None:
    balance = await stage.app.store.balance(stage.account)
    assert (balance.free, balance.held) == (free, 0)
    assert await stage.app.store.audit() == []


async def test_an_order_waits_for_credit_at_segmind_and_goes_on_by_itself(stage: Stage) -> None:
    stage.segmind.balance = 0
    reply = await stage.order("faceswap-v5")
    await reply.says("Paused", "goes on by itself")
    await was_told(stage, "used up")
    assert (await stage.job(reply)).state is State.HELD
    await (await stage.order("faceswap-v5")).says("run out of credit", "has been told")
    stage.segmind.balance = 8
    await reply.says("Queued")
    await stage.finish(reply, "Completed")
    await was_told(stage, "used up", "$8.00")
    assert len(stage.segmind.submissions) == 1
    await books_are_right(stage, free=95)


async def test_one_job_tries_and_not_all_that_wait_where_the_balance_cannot_be_asked_for(
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
    await eventually(lambda: len(told(stage)) == 2, lambda: str(told(stage)))


async def test_what_is_too_little_for_a_job_lets_one_try_now_and_then(stage: Stage) -> None:
    stage.segmind.faults.always("submit", "no-credits")
    reply = await stage.order("faceswap-v5")
    met = stage.segmind.faults.counts
    await eventually(lambda: met["submit", FaultKind.NO_CREDITS] >= 3, lambda: str(met))
    await was_told(stage, "used up")
    stage.segmind.faults.clear()
    await reply.says("Queued")
    await was_told(stage, "used up", "$10.00")


@RELEASE
async def test_all_that_wait_are_given_back_where_the_operator_wants_it_so(stage: Stage) -> None:
    stage.segmind.faults.next("submit", "latency=1", "no-credits")
    first, second = [await stage.order("faceswap-v5") for _ in range(2)]
    await second.says("Waiting in line")
    stage.segmind.balance = 0
    for reply in (first, second):
        await stage.finish(reply, "Not possible right now", "Nothing was charged")
        assert (await stage.job(reply)).reason is Reason.SERVICE
    await books_are_right(stage, free=100)
    await (await stage.order("faceswap-v5")).says("run out of credit")
    await was_told(stage, "used up")
    stage.segmind.balance = 10
    await was_told(stage, "used up", "$10.00")
    await (await stage.order("faceswap-v5")).says("Queued")


@RELEASE
async def test_the_next_order_tries_where_nobody_waits_and_the_balance_cannot_be_asked_for(
    stage: Stage,
) -> None:
    stage.segmind.faults.always("credits", "error-before=404")
    stage.segmind.faults.next("submit", "no-credits")
    await (await stage.order("faceswap-v5")).says("Not possible right now")
    while "run out" in await first_words(reply := await stage.order("faceswap-v5")):
        pass
    await reply.says("Queued")
    await was_told(stage, "used up", "Orders go on")


@LOW
async def test_a_low_balance_is_told_once_for_each_time_that_it_becomes_low(stage: Stage) -> None:
    async def jobs(count: int) -> None:
        for _ in range(count):
            await stage.finish(await stage.order("faceswap-v5"), "Completed")

    await jobs(1)
    assert told(stage) == []
    await jobs(1)
    await was_told(stage, "$9.90 are left")
    await jobs(2)
    stage.segmind.balance = 10.05
    await jobs(1)
    while await stage.app.store.read_value("balance at Segmind") != "fine":
        await asyncio.sleep(0.01)
    await jobs(2)
    await was_told(stage, "$9.90 are left", "$9.90 are left")


async def test_an_operator_who_cannot_be_told_holds_nothing_up(stage: Stage) -> None:
    stage.env.inject_error("POST", "/users/@me/channels", status=403, code=50007, times=None)
    stage.segmind.balance = 0
    with capture_logs() as logs:
        reply = await stage.order("faceswap-v5")
        await reply.says("Paused")
        await eventually(
            lambda: [line for line in logs if line["event"] == "an operator could not be told"],
            lambda: str(logs),
        )
    stage.segmind.balance = 10
    await reply.says("Queued")
    assert told(stage) == []
