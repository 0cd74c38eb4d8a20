"""Batches: several targets in one order, with one price, one card and a hold for each result."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from bot.jobs.job import Job, Reason, State
from tests.chat.conftest import House
from tests.chat.delivery.test_buttons import press, shown_in
from tests.harness import Reply, Stage, eventually
from tests.media.files import picture, video
from tests.patience import PATIENCE

FACE = ("face.png", picture("PNG", 80, 60))
MENU = "Swap a face into this"


def targets(count: int) -> list[tuple[str, bytes]]:
    return [(f"photo{number}.png", picture("PNG", 64, 48 + number)) for number in range(count)]


async def order_batch(stage: Stage, files: Sequence[tuple[str, bytes]], **values: Any) -> Reply:
    shown = await stage.member.slash(stage.channel, "swap")
    chosen = {"face": FACE, "target": list(files), "path": "fast"} | values
    return Reply(stage.env, await stage.member.submit_modal(shown, chosen))


async def jobs_of(stage: Stage) -> Sequence[Job]:
    (first,) = await stage.app.store.job_history.of_member(stage.member.id, limit=1)
    job = await stage.app.store.find(first.id)
    assert job is not None
    assert job.batch is not None
    return await stage.app.store.find_batch(job.batch)


async def until_told(stage: Stage) -> Sequence[Job]:
    """Wait until all jobs are recorded as told, a moment after the message shows it."""
    async with asyncio.timeout(PATIENCE):
        jobs = await jobs_of(stage)
        while not all(job.told for job in jobs):
            await asyncio.sleep(0.01)
            jobs = await jobs_of(stage)
    return jobs


def gallery(reply: Reply) -> list[str]:
    """Names of the files that the card shows, in their order."""
    (shown,) = [part for part in shown_in(reply).components[0]["components"] if part["type"] == 12]
    return [str(item["media"]["url"]).partition("?")[0].rpartition("/")[2] for item in shown["items"]]


async def money(stage: Stage) -> tuple[int, int]:
    balance = await stage.app.store.balance(stage.account)
    assert await stage.app.store.discrepancies() == []
    return balance.free, balance.held


@pytest.mark.stage(jobs={"per_member": 10})
async def test_of_ten_pictures_two_fail_and_are_given_back_alone(stage: Stage) -> None:
    stage.segmind.faults.next("submit", "blocked", times=2)
    reply = await order_batch(stage, targets(10))
    await reply.says("0 of 10", "Processing: 10")
    assert await money(stage) == (50, 50)
    said = await stage.finish(reply, "8 of 10 done", "40 credits charged, 10 credits refunded")
    assert said.count("Blocked `Content blocked by Responsible AI") == 2
    jobs = await jobs_of(stage)
    done = [job for job in jobs if job.state is State.DONE]
    assert gallery(reply) == [f"{job.slug}-{job.id}.png" for job in done]
    assert len(reply.attachments) == len(done) == 8
    assert len({str(job.body["target_image"]) for job in jobs}) == 10
    assert await money(stage) == (60, 0)


@pytest.mark.stage(jobs={"per_member": 1})
async def test_the_rest_is_cancelled_and_given_back(stage: Stage) -> None:
    reply = await order_batch(stage, targets(3))
    await reply.says("Processing: 1", "Waiting in line: 2")
    await press(stage, reply, "Cancel the rest")
    await reply.says("Cancelled")
    await stage.finish(reply, "1 of 3")
    assert [job.state for job in await jobs_of(stage)].count(State.CANCELLED) == 2
    assert await money(stage) == (95, 0)


@pytest.mark.stage(credits={"start": 14})
async def test_a_batch_that_is_too_dear_is_refused_as_a_whole(stage: Stage) -> None:
    await (await order_batch(stage, targets(3))).refused("You need 15 credits but have 14 credits")
    assert await money(stage) == (14, 0)
    assert stage.segmind.submissions == ()


async def test_a_file_that_cannot_be_used_is_named_and_nothing_is_ordered(stage: Stage) -> None:
    files = [*targets(2), ("clip.mp4", video())]
    await (await order_batch(stage, files)).refused("needs a picture, but `clip.mp4` is a video")
    assert await money(stage) == (100, 0)


async def test_a_group_takes_one_picture(stage: Stage) -> None:
    await (await order_batch(stage, targets(2), path="group")).refused("one picture at a time")


async def test_several_pictures_of_a_message_are_one_order(stage: Stage) -> None:
    message = await stage.member.send(stage.channel, "", attachments=targets(3))
    shown = await stage.member.context_menu(stage.channel, MENU, message)
    chosen = {"face": FACE, "path": "fast", "which": ["0", "2"]}
    reply = Reply(stage.env, await stage.member.submit_modal(shown, chosen))
    await stage.finish(reply, "2 of 2")
    assert len(reply.attachments) == 2


async def test_deleting_the_message_takes_all_of_its_results_down(stage: Stage) -> None:
    reply = await order_batch(stage, targets(2))
    await stage.finish(reply, "2 of 2")
    asked = await stage.member.click(shown_in(reply), label="Delete")
    assert asked.response is not None
    await stage.member.click(asked.response, label="Delete for everyone")
    reasons = [job.reason for job in await jobs_of(stage)]
    assert reasons == [Reason.WITHHELD, Reason.WITHHELD]


async def test_results_of_a_batch_go_to_the_member_in_private_where_they_wish(stage: Stage) -> None:
    reply = await order_batch(stage, targets(2), wishes=["send_to_me"])
    await stage.finish(reply, "2 of 2", "Sent privately")
    assert reply.attachments == []
    assert [job.delivery for job in await until_told(stage)] == ["direct", "direct"]


async def test_a_restart_goes_on_with_the_same_card(house: House) -> None:
    stage = house.server.stage
    reply = await order_batch(stage, targets(5))

    def is_half_done() -> bool:
        stage.clock.move(2)
        return any(f"{done} of 5" in reply.text for done in (1, 2, 3, 4))

    await eventually(is_half_done, lambda: f"some of 5 done in {reply.edits}")
    await house.restart()
    await stage.finish(reply, "5 of 5")
    jobs = await until_told(stage)
    assert gallery(reply) == [f"{job.slug}-{job.id}.png" for job in jobs]
    assert [job.delivery for job in jobs] == ["edited"] * 5
    assert await money(stage) == (75, 0)
