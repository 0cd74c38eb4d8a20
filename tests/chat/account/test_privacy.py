"""Members read the policy, export and delete their data, and opt out."""

import io
import json
import sqlite3
import zipfile
from contextlib import closing

import pytest
import simcord

from bot.media.types import SmallCopy
from tests.chat.admin_harness import Server, said
from tests.harness import Stage, texts
from tests.media.files import picture
from tests.wording import wording


async def ask(stage: Stage, command: str) -> simcord.InteractionResult:
    return await stage.member.slash(stage.channel, f"privacy {command}")


async def press(stage: Stage, result: simcord.InteractionResult) -> None:
    assert result.response is not None
    await stage.member.click(result.response, label="Delete everything")


def tables_naming(stage: Stage) -> set[str]:
    """Return the tables that contain the member's id."""
    with closing(sqlite3.connect(stage.database)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table
            for table in tables
            if any(str(stage.member.id) in str(row) for row in database.execute(f"SELECT * FROM {table}"))
        }


@pytest.mark.stage(consent={"policy_url": "https://example.org/privacy"}, retention={"jobs_days": 30})
async def test_the_policy_says_what_is_stored_and_for_how_long(stage: Stage) -> None:
    shown = await ask(stage, "policy")
    assert "After 30 days" in said(shown)
    assert "the orders that used it, for 30 days" in said(shown)
    assert shown.response is not None
    assert "https://example.org/privacy" in str(shown.response.components)


async def test_the_export_contains_the_stored_data(server: Server) -> None:
    stage = server.stage
    job_id = await server.job_done()
    shown = await ask(stage, "export")
    assert shown.ephemeral
    assert shown.response is not None
    (attached,) = shown.response.attachments
    with zipfile.ZipFile(io.BytesIO(await attached.read())) as archive:
        about = json.loads(archive.read("doppel.json"))
    assert [job["id"] for job in about["jobs"]] == [job_id]
    assert {each["part"] for each in about["fingerprints"]} == {"source_image", "target_image", "result"}
    assert "token" not in about["jobs"][0]


@pytest.mark.stage(faces={"key": "nOfDYvGyWgfvyCLWWA-rZQ0xkzH2Z_bVTdyYDCP5-j0="})
async def test_the_export_contains_saved_faces_and_the_deletion_removes_them(stage: Stage) -> None:
    saved_faces = stage.app.client.orders.saved_faces
    for name, side in (("../me", 300), ("Eva", 310)):
        await saved_faces.save(stage.member.id, name, SmallCopy(picture("PNG", side, side), ".png"))
    shown = await ask(stage, "export")
    assert wording("privacy.closed_faces.one") not in said(shown)
    assert shown.response is not None
    with zipfile.ZipFile(io.BytesIO(await shown.response.attachments[0].read())) as archive:
        listed = json.loads(archive.read("doppel.json"))["faces"]
        contents = {archive.read(face["file"]) for face in listed}
        assert {name for name in archive.namelist() if name.startswith("faces/")} == {
            face["file"] for face in listed
        }
    assert {face["name"] for face in listed} == {"../me", "Eva"}
    assert len(contents) == 2
    assert all(face["saved_at"] < face["expires_at"] for face in listed)
    assert not any("/" in face["file"].removeprefix("faces/") for face in listed)
    await stage.execute("UPDATE faces SET sealed = x'00' WHERE name = 'Eva'")
    assert wording("privacy.closed_faces.one") in said(await ask(stage, "export"))
    await press(stage, await ask(stage, "delete"))
    assert await saved_faces.all_of(stage.member.id) == []


async def test_confirming_deletes_everything(server: Server) -> None:
    stage = server.stage
    await server.job_done()
    await server.tell("credits grant", member=server.member, amount=7, reason="kind")
    question = await ask(stage, "delete")
    assert "You lose 102 credits" in said(question)
    assert {"jobs", "accounts", "deeds"} <= tables_naming(stage)
    await press(stage, question)
    assert question.response is not None
    assert wording("privacy.deleted") in "\n".join(texts(question.response.components))
    assert tables_naming(stage) == {"people"}
    assert await stage.app.store.discrepancies() == []
    assert "someone who deleted their data" in await server.tell("changes")
    await (await stage.order("faceswap-v5")).refused(wording("refused.just_left"))
    done = next(each for each in stage.channel.history() if each.attachments)
    pressed = await stage.member.click(done, label="Reroll")
    assert pressed.response is not None
    assert wording("refused.no_such_order") in "\n".join(texts(pressed.response.components))


async def test_nobody_can_confirm_for_somebody_else(stage: Stage) -> None:
    await (await stage.order("faceswap-v5")).says("Queued")
    result = await ask(stage, "delete")
    assert result.response is not None
    await stage.app.store.moderation.agree(stage.member.id, "1")
    before = tables_naming(stage)
    privacy = stage.app.client.account.privacy
    question = await privacy.ask_to_forget(stage.member.id)
    eve = stage.another_member("eve")
    channel = stage.app.client.get_partial_messageable(stage.channel.id)
    message = await channel.send(view=question)
    await eve.click(message, label="Delete everything")
    assert tables_naming(stage) == before


async def test_an_unfinished_job_prevents_the_deletion(stage: Stage) -> None:
    reply = await stage.order("faceswap-v5")
    await reply.says("Queued")
    question = await ask(stage, "delete")
    assert question.response is not None
    pressed = await stage.member.click(question.response, label="Delete everything")
    assert wording("refused.open_orders") in "\n".join(texts(pressed.followups[0].components))
    await stage.finish(reply, "Completed")
    assert (await stage.job(reply)).place.user_id == stage.member.id


async def test_the_avatar_of_a_member_who_opted_out_cannot_be_used(stage: Stage) -> None:
    access_guard = stage.app.client.orders.access_guard
    assert await access_guard.may_use_pictures_of(stage.member.id)
    assert wording("privacy.opted_out") in said(await ask(stage, "optout"))
    assert not await access_guard.may_use_pictures_of(stage.member.id)
    assert "again" in said(await ask(stage, "optin"))
    assert await access_guard.may_use_pictures_of(stage.member.id)
