"""What members decide about their own data."""

import io
import json
import sqlite3
import zipfile
from contextlib import closing

import pytest
import simcord

from tests.chat.admin_harness import Server, said
from tests.harness import Stage, texts
from tests.media.files import picture


async def asked(stage: Stage, command: str) -> simcord.InteractionResult:
    return await stage.member.slash(stage.channel, f"privacy {command}")


async def press(stage: Stage, result: simcord.InteractionResult) -> None:
    assert result.response is not None
    await stage.member.click(result.response, label="Delete everything")


def names(stage: Stage) -> set[str]:
    """The tables in which the member is named."""
    with closing(sqlite3.connect(stage.database)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table
            for table in tables
            if any(str(stage.member.id) in str(row) for row in database.execute(f"SELECT * FROM {table}"))
        }


@pytest.mark.stage(consent={"policy_url": "https://example.org/privacy"}, retention={"jobs_days": 30})
async def test_the_policy_says_what_is_kept_and_for_how_long(stage: Stage) -> None:
    shown = await asked(stage, "policy")
    assert "After 30 days" in said(shown)
    assert shown.response is not None
    assert "https://example.org/privacy" in str(shown.response.components)


async def test_a_copy_has_all_that_is_stored(server: Server) -> None:
    stage = server.stage
    job_id = await server.job_done()
    shown = await asked(stage, "export")
    assert shown.ephemeral
    assert shown.response is not None
    (attached,) = shown.response.attachments
    with zipfile.ZipFile(io.BytesIO(await attached.read())) as archive:
        about = json.loads(archive.read("doppel.json"))
    assert [job["id"] for job in about["jobs"]] == [job_id]
    assert {each["part"] for each in about["fingerprints"]} == {"source_image", "target_image", "result"}
    assert "token" not in about["jobs"][0]


@pytest.mark.stage(faces={"key": "nOfDYvGyWgfvyCLWWA-rZQ0xkzH2Z_bVTdyYDCP5-j0="})
async def test_a_copy_has_the_saved_faces_and_deleting_takes_them_away(stage: Stage) -> None:
    saved_faces = stage.app.saved_faces
    await saved_faces.save(stage.member.id, "../me", picture("PNG", 300, 300))
    shown = await asked(stage, "export")
    assert shown.response is not None
    with zipfile.ZipFile(io.BytesIO(await shown.response.attachments[0].read())) as archive:
        (face,) = [name for name in archive.namelist() if name.startswith("faces/")]
    assert "/" not in face.removeprefix("faces/")
    await press(stage, await asked(stage, "delete"))
    assert await saved_faces.all_of(stage.member.id) == []


async def test_one_click_more_deletes_everything(server: Server) -> None:
    stage = server.stage
    await server.job_done()
    await server.tell("credits grant", member=server.member, amount=7, reason="kind")
    question = await asked(stage, "delete")
    assert "You give up 102 credits" in said(question)
    assert {"jobs", "accounts", "deeds"} <= names(stage)
    await press(stage, question)
    assert question.response is not None
    assert "Nothing that is stored names you" in "\n".join(texts(question.response.components))
    assert names(stage) == {"people"}
    assert await stage.app.store.audit() == []
    assert "somebody who has left" in await server.tell("changes")
    await (await stage.order("faceswap-v5")).says("You had everything about you deleted")
    done = next(each for each in stage.channel.history() if each.attachments)
    pressed = await stage.member.click(done, label="Again")
    assert pressed.response is not None
    assert "Nothing is known of that order" in "\n".join(texts(pressed.response.components))


async def test_nobody_deletes_anything_for_somebody_else(stage: Stage) -> None:
    await (await stage.order("faceswap-v5")).says("Queued")
    result = await asked(stage, "delete")
    assert result.response is not None
    await stage.app.store.moderation.agree(stage.member.id, "1")
    before = names(stage)
    privacy = stage.app.client.account.privacy
    question = await privacy.ask_to_forget(stage.member.id)
    eve = stage.another_member("eve")
    channel = stage.app.client.get_partial_messageable(stage.channel.id)
    message = await channel.send(view=question)
    await eve.click(message, label="Delete everything")
    assert names(stage) == before


async def test_an_order_that_is_not_over_stands_in_the_way(stage: Stage) -> None:
    reply = await stage.order("faceswap-v5")
    await reply.says("Queued")
    question = await asked(stage, "delete")
    assert question.response is not None
    pressed = await stage.member.click(question.response, label="Delete everything")
    assert "not over yet" in "\n".join(texts(pressed.followups[0].components))
    await stage.finish(reply, "Completed")
    assert (await stage.job(reply)).place.user_id == stage.member.id


async def test_who_opted_out_cannot_be_used_by_others(stage: Stage) -> None:
    access_guard = stage.app.client.orders.access_guard
    assert await access_guard.may_use(stage.member.id)
    assert "Nobody can use your avatar" in said(await asked(stage, "optout"))
    assert not await access_guard.may_use(stage.member.id)
    assert "again" in said(await asked(stage, "optin"))
    assert await access_guard.may_use(stage.member.id)
