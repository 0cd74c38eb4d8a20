"""Buttons on a card, pressed by members with and without permission."""

from dataclasses import replace
from typing import Any

import discord
import pytest
import simcord

from bot.chat.delivery.job_buttons import SAME_SEED, JobButton, MoreMenu, end_rows
from bot.chat.text import Text
from bot.jobs.job import Job, State
from bot.jobs.service import TooLate
from tests.chat.admin_harness import said
from tests.harness import MODELS, Reply, Stage, texts
from tests.jobs.orders import job
from tests.media.files import picture
from tests.wording import wording

V5 = "faceswap-v5"
ONE_AT_A_TIME = pytest.mark.stage(jobs={"per_member": 1})


async def finished_order(stage: Stage, slug: str = V5, **options: Any) -> Reply:
    reply = await stage.order(slug, **options)
    await stage.finish(reply, "Completed")
    return reply


async def press(stage: Stage, reply: Reply, label: str, member: Any = None) -> Reply:
    pressed = await (member or stage.member).click(shown_in(reply), label=label)
    return Reply(stage.env, pressed)


def shown_in(reply: Reply) -> simcord.ResponseMessage:
    assert reply.result.response is not None
    return reply.result.response


def offered(job: Job, *, public: bool = True) -> list[str]:
    rows = end_rows(MODELS, job, Text.load(), public=public)
    return [each.item.label or "" for row in rows for each in row.children if isinstance(each, JobButton)]


async def free_credits(stage: Stage) -> int:
    assert await stage.app.store.discrepancies() == []
    return (await stage.app.store.balance(stage.account)).free


async def test_again_repeats_the_order_in_a_new_message_and_charges_for_it(stage: Stage) -> None:
    first = await finished_order(stage, additional_prompt="a smile", seed=7)
    again = Reply(stage.env, await stage.member.select(shown_in(first), [SAME_SEED]))
    await stage.finish(again, "Completed", "a smile")
    assert again.id != first.id
    one, other = (submission.body for submission in stage.segmind.submissions)
    assert {**one, "source_image": "", "target_image": ""} == {
        **other,
        "source_image": "",
        "target_image": "",
    }
    assert one["target_image"] != other["target_image"]
    assert len(again.attachments) == 1
    assert await free_credits(stage) == 90


async def test_another_seed_changes_nothing_but_the_seed(stage: Stage) -> None:
    first = await finished_order(stage, quality=80)
    await stage.finish(await press(stage, first, "Reroll"), "Completed")
    one, other = (submission.body for submission in stage.segmind.submissions)
    assert one["seed"] != other["seed"]
    assert one["quality"] == other["quality"] == 80


async def test_an_order_is_edited_in_a_form_that_is_filled_in(stage: Stage) -> None:
    first = await finished_order(stage, "faceswap-v4", swap_type="face", seed=5, image_quality=50)
    form = await stage.member.click(shown_in(first), label="Edit")
    assert form.modal is not None
    changes = {"swap_type": ["head"], "style_type": ["style"], "model_type": ["speed"], "hardware": ["fast"]}
    edited = await stage.member.submit_modal(form, changes | {"seed": " 6 "})
    await stage.finish(Reply(stage.env, edited), "Completed")
    body = stage.segmind.submissions[1].body
    assert {name: body[name] for name in ("swap_type", "style_type", "seed", "image_quality")} == {
        "swap_type": "head",
        "style_type": "style",
        "seed": 6,
        "image_quality": 50,
    }


async def test_an_invalid_option_is_rejected_by_name(stage: Stage) -> None:
    first = await finished_order(stage)
    form = await stage.member.click(shown_in(first), label="Edit")
    edited = await stage.member.submit_modal(form, {"quality": "most", "image_format": ["png"], "seed": "1"})
    await Reply(stage.env, edited).refused("`quality`", "`most`")
    assert await free_credits(stage) == 95


@pytest.mark.parametrize("slug", [slug for slug in MODELS if slug != V5])
async def test_the_same_files_can_be_ordered_with_every_other_model(stage: Stage, slug: str) -> None:
    first = await finished_order(stage)
    pressed = await stage.member.select(shown_in(first), [slug])
    await stage.finish(Reply(stage.env, pressed), "Completed")
    assert [submission.slug for submission in stage.segmind.submissions] == [V5, slug]


async def test_members_cannot_order_with_the_pictures_of_somebody_else(stage: Stage) -> None:
    first = await finished_order(stage)
    other = stage.another_member("bob")
    for label in ("Reroll", "Edit", "Delete"):
        assert wording("refused.not_your_order") in said(await other.click(shown_in(first), label=label))
    pressed = await other.select(shown_in(first), ["faceswap-comic"])
    assert wording("refused.not_your_order") in said(pressed)
    assert len(stage.segmind.submissions) == 1


async def test_members_delete_their_own_result_and_cannot_report_it(stage: Stage) -> None:
    first = await finished_order(stage)
    pressed = await stage.member.click(shown_in(first), label="Report")
    assert wording("refused.own_order") in said(pressed)
    asked = await stage.member.click(shown_in(first), label="Delete")
    assert "Delete this result?" in said(asked)
    assert first.result.response is not None
    assert asked.response is not None
    await stage.member.click(asked.response, label="Delete for everyone")
    assert wording("cases.gone") in said(asked)
    assert first.result.response is None


async def test_a_card_without_a_result_is_deleted_at_once(stage: Stage) -> None:
    stage.segmind.faults.next("submit", "blocked=RAI")
    reply = await stage.order(V5)
    await stage.finish(reply, "Blocked")
    await stage.member.click(shown_in(reply), label="Delete")
    assert reply.result.response is None


async def test_each_order_gets_a_seed_of_its_own_unless_one_is_typed(stage: Stage) -> None:
    for seed in ({}, {}, {"seed": 8005332}):
        await stage.finish(await stage.order(V5, **seed), "Completed")
    one, other, typed = (submission.body["seed"] for submission in stage.segmind.submissions)
    assert len({one, other, typed}) == 3
    assert typed == 8005332


async def test_others_report_and_moderators_delete(stage: Stage) -> None:
    first = await finished_order(stage)
    bob = stage.another_member("bob")
    form = await bob.click(shown_in(first), label="Report")
    assert "Your report went to" in said(await bob.submit_modal(form, {"complaint": "consent"}))
    role = stage.guild.create_role("Moderating", permissions=discord.Permissions(manage_messages=True))
    moderator = stage.guild.add_member(stage.env.create_user("mo"), roles=[role])
    asked = await moderator.click(shown_in(first), label="Delete")
    assert asked.response is not None
    await moderator.click(asked.response, label="Delete for everyone")
    assert first.result.response is None


@ONE_AT_A_TIME
async def test_only_its_member_cancels_a_waiting_order(stage: Stage) -> None:
    await (await stage.order(V5)).says("Queued")
    waiting = await stage.order(V5)
    await waiting.says("Waiting in line")
    other = stage.another_member("bob")
    assert wording("refused.not_your_order") in said(await other.click(shown_in(waiting), label="Cancel"))
    await stage.member.click(shown_in(waiting), label="Cancel")
    await waiting.says("Cancelled", "Nothing was charged")
    assert (await stage.job(waiting)).state is State.CANCELLED
    assert await free_credits(stage) == 95
    assert len(stage.segmind.submissions) == 1


@ONE_AT_A_TIME
async def test_a_submitted_job_cannot_be_cancelled(stage: Stage) -> None:
    running = await stage.order(V5)
    await running.says("Queued")
    waiting = await stage.order(V5)
    await waiting.says("Waiting in line")
    (row,) = [each for each in shown_in(waiting).components[0]["components"] if each["type"] == 1]
    sent = await stage.job(running)
    with pytest.raises(TooLate):
        await stage.app.engine.job_service.cancel(replace(sent, state=State.HELD))
    with pytest.raises(TooLate):
        await stage.app.engine.job_service.cancel(sent)
    assert (
        row["components"][0]["custom_id"] == f"job:cancel:{stage.member.id}:{(await stage.job(waiting)).id}"
    )


async def test_buttons_still_work_after_a_restart(stage: Stage) -> None:
    first = await finished_order(stage)
    client = stage.app.client
    # After a start, the bot knows no message and no view, only the templates of the ids.
    views = client._connection._view_store  # pyright: ignore[reportPrivateUsage]
    for known in (views._views, views._synced_message_views, views._dynamic_items):  # pyright: ignore[reportPrivateUsage]
        known.clear()
    client.add_dynamic_items(JobButton, MoreMenu)
    await stage.finish(await press(stage, first, "Reroll"), "Completed")
    pressed = await stage.member.select(shown_in(first), ["faceswap-comic"])
    await Reply(stage.env, pressed).says("Queued")


async def test_missing_files_are_named_and_requested_again(stage: Stage) -> None:
    first = await finished_order(stage)
    gone = f"{stage.segmind.url}/assets/gone.png"
    await rewrite(stage, first, f"body = json_set(body, '$.target_image', '{gone}')")
    await (await press(stage, first, "Reroll")).refused("`gone.png`", "attach the files again")
    pressed = await stage.member.select(shown_in(first), ["faceswap-v4"])
    await Reply(stage.env, pressed).refused("`gone.png`", "attach the files again")
    assert await free_credits(stage) == 95


@pytest.mark.parametrize("change", ["id = 'another'", "body = '{}'"])
async def test_a_forgotten_order_says_so(stage: Stage, change: str) -> None:
    first = await finished_order(stage)
    await rewrite(stage, first, change)
    for label in ("Reroll", "Edit"):
        pressed = await stage.member.click(shown_in(first), label=label)
        assert wording("refused.no_such_order") in said(pressed)


async def rewrite(stage: Stage, reply: Reply, change: str) -> None:
    """Change the stored order as retention or a deletion would."""
    await stage.execute(f"UPDATE jobs SET {change} WHERE message_id = ?", reply.id)


def test_the_buttons_match_the_outcome() -> None:
    order = job(state=State.DONE, body={**job().body, "seed": 1})
    assert offered(order) == ["Reroll", "Edit", "Delete", "Report"]
    assert offered(order, public=False) == ["Reroll", "Edit", "Delete"]
    assert offered(replace(order, state=State.FAILED)) == ["Try again", "Edit", "Delete"]
    assert offered(replace(order, state=State.BLOCKED)) == ["Edit", "Delete"]
    assert offered(replace(order, body={"source_image": "data:,", "target_image": ""})) == [
        "Delete",
        "Report",
    ]


@pytest.mark.parametrize(("video_seconds", "menus"), [(None, 1), (3.0, 0)])
def test_a_picture_is_offered_to_other_models_and_a_video_to_none(
    video_seconds: float | None, menus: int
) -> None:
    order = job(slug="ai-face-swap", state=State.DONE, video_seconds=video_seconds)
    order = replace(order, body={"source_image": "https://a.example/a", "target": "https://a.example/b"})
    rows = end_rows(MODELS, order, Text.load(), public=True)
    found = [item for row in rows for item in row.walk_children() if isinstance(item, MoreMenu)]
    assert len(found) == menus


async def test_a_repeated_hidden_order_is_hidden_too(
    stage: Stage,
) -> None:
    first = await finished_order(stage, hidden=True)
    assert first.result.ephemeral
    again = Reply(stage.env, await stage.member.select(shown_in(first), [SAME_SEED]))
    assert again.result.ephemeral
    await stage.finish(again, "Completed")


async def test_a_spoiler_is_covered_by_its_filename_and_by_its_gallery(stage: Stage) -> None:
    first = await finished_order(stage, spoiler=True)
    (attachment,) = first.attachments
    assert attachment.filename.startswith("SPOILER_faceswap-v5")
    (gallery,) = galleries(first)
    assert all(item["spoiler"] for item in gallery["items"])


def galleries(reply: Reply) -> list[dict[str, Any]]:
    return [each for each in shown_in(reply).components[0]["components"] if each["type"] == 12]


async def test_a_private_result_leaves_only_a_note_in_the_channel(stage: Stage) -> None:
    reply = await stage.order(V5, send_to_me=True, additional_prompt="secret")
    text = await stage.finish(reply, "Completed", "Sent privately")
    assert "secret" not in "".join(reply.edits)
    assert "files" not in text
    assert reply.attachments == []
    (sent,) = direct_messages(stage)
    assert "secret" in sent
    assert "in this channel" in sent
    assert (await stage.wait_until_told(reply)).delivery == "direct"


def direct_messages(stage: Stage) -> list[str]:
    """Return the direct messages that the bot sent."""
    return [
        "\n".join(texts(entry.json["components"]))
        for entry in stage.env.http_requests
        if entry.method == "POST"
        and entry.path.endswith("/messages")
        and entry.json
        and str(stage.channel.id) not in entry.path
    ]


async def test_a_result_that_cannot_be_sent_in_private_is_shown_to_its_member_on_request(
    stage: Stage,
) -> None:
    reply = await stage.order(V5, send_to_me=True)
    await reply.says("Queued")
    stage.env.inject_error("POST", "/channels/*/messages", status=403, code=50007, message="Closed")
    text = await stage.finish(reply, wording("end.not_sent"))
    assert stage.segmind.url not in text
    await stage.wait_until_told(reply)
    shown = await stage.member.click(shown_in(reply), label=wording("buttons.show"))
    assert "Completed" in said(shown)
    assert shown.response is not None
    assert len(shown.response.attachments) == 1
    other = stage.another_member("bob")
    refused = await other.click(shown_in(reply), label=wording("buttons.show"))
    assert wording("refused.not_your_order") in said(refused)


async def test_a_hidden_result_that_cannot_be_sent_in_private_is_shown_in_its_hidden_message(
    stage: Stage,
) -> None:
    reply = await stage.order(V5, send_to_me=True, hidden=True, target_image=("b.png", picture("PNG")))
    await reply.says("Queued")
    stage.env.inject_error("POST", "/channels/*/messages", status=403, code=50007, message="Closed")
    await stage.finish(reply, "Completed")
    assert len(reply.attachments) == 1
