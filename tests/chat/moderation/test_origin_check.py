"""The menu "Was this made here?": by watermark, bytes and likeness, and how often a member may ask."""

from io import BytesIO
from typing import Any

import discord
import pytest
import simcord
from PIL import Image

from bot.media.marks.choice import Marks
from bot.media.marks.pixels import mark_picture
from bot.media.watermark.code import MarkCode
from bot.moderation.origin import FILES_AN_HOUR, HOUR, CheckQuota, TooManyChecks
from cogs.origin import MENU
from tests.chat.admin_harness import said
from tests.harness import Stage
from tests.media import files, reencoding
from tests.samples import SAMPLES
from tests.store.orders import HandClock
from tests.wording import wording

TARGET = (SAMPLES / "face_a.jpg").read_bytes()
MARKED = pytest.mark.stage(marks={"watermark": True, "label": True})


async def ordered_file(stage: Stage) -> tuple[Any, bytes]:
    """Order a picture; return its job and the file in Discord."""
    reply = await stage.order("faceswap-v5", target_image=("target.jpg", TARGET))
    await stage.finish(reply, "Completed")
    (attachment,) = reply.attachments
    return await stage.wait_until_told(reply), await attachment.read()


async def ask_about(
    stage: Stage, *contents: bytes, by: simcord.MemberActor | None = None, name: str = "x.jpg"
) -> str:
    attachments = [(name, content) for content in contents]
    message = await stage.member.send(stage.channel, "", attachments=attachments)
    return said(await (by or stage.member).context_menu(stage.channel, MENU, message))


@MARKED
async def test_a_result_that_came_back_is_recognised_by_its_watermark(stage: Stage) -> None:
    job, content = await ordered_file(stage)
    with Image.open(BytesIO(content)) as image:
        posted = reencoding.jpeg_60(image.convert("RGB"))
    role = stage.guild.create_role("Moderating", permissions=discord.Permissions(manage_messages=True))
    moderator = stage.guild.add_member(stage.env.create_user("mo"), roles=[role])
    answer = await ask_about(stage, posted)
    assert f"**Yes.** It carries the watermark of an order from <t:{int(job.created_at)}:D>" in answer
    assert job.id not in answer
    assert f"<@{stage.member.id}>" not in answer
    answer = await ask_about(stage, posted, by=moderator)
    assert f"Ordered by <@{stage.member.id}> · order `{job.id[-8:]}`" in answer
    # The row goes after a while, the mark stays.
    await stage.execute("PRAGMA foreign_keys = OFF")
    await stage.execute("DELETE FROM jobs")
    assert "this bot doesn't know the order" in await ask_about(stage, posted)


async def test_a_result_without_marks_is_recognised_by_its_look(stage: Stage) -> None:
    _, content = await ordered_file(stage)
    assert "**Perhaps.** It looks like a result" in await ask_about(stage, content)
    assert wording("origin.none") in await ask_about(stage, files.picture("PNG"))


async def test_several_files_have_an_answer_each(stage: Stage) -> None:
    foreign = mark_picture(TARGET, "image/jpeg", Marks(MarkCode.of("elsewhere", stage.clock.now())))
    answer = await ask_about(stage, files.picture("PNG"), foreign)
    first, second = answer.split("**File 2**")
    assert wording("origin.none") in first
    assert "Yes, perhaps by another bot" in second


async def test_a_member_checks_a_few_files_an_hour(stage: Stage) -> None:
    tiny = files.picture("PNG", 48, 48)
    for _ in range(FILES_AN_HOUR):
        stage.app.client.account.origin_check.quota.take(stage.member.id)
    assert f"You've checked {FILES_AN_HOUR} files in the last hour" in await ask_about(stage, tiny)
    assert wording("origin.none") in await ask_about(stage, tiny, by=stage.another_member("bob"))


def test_checks_count_for_an_hour() -> None:
    clock = HandClock(1000)
    quota = CheckQuota(clock, limit=2)
    quota.take(7)
    clock.advance(60)
    quota.take(7)
    with pytest.raises(TooManyChecks) as refused:
        quota.take(7)
    assert refused.value.until == 1000 + HOUR
    clock.advance(HOUR - 60)
    quota.take(7)


async def test_a_message_without_files_and_a_broken_file_are_explained(stage: Stage) -> None:
    message = await stage.member.send(stage.channel, "words")
    answer = said(await stage.member.context_menu(stage.channel, MENU, message))
    assert "There is no picture or video in that message" in answer
    assert "x.jpg" in await ask_about(stage, TARGET[:1000])
