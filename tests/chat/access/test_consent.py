"""Consent before the first order: asked once per version, and the order continues by itself."""

import pytest
import simcord

from tests.chat.admin_harness import said
from tests.harness import Reply, Stage
from tests.wording import wording

ASKING = {"required": True, "version": "2026-08", "policy_url": "https://example.org/privacy"}


@pytest.mark.stage(consent=ASKING)
async def test_the_first_order_continues_once_its_member_agrees(stage: Stage) -> None:
    asked = (await stage.order("faceswap-v5")).result
    assert wording("consent.rights") in said(asked)
    pressed = await agree(stage, asked)
    reply = Reply(stage.env, pressed)
    await stage.finish(reply, "Completed")
    assert (await stage.job(reply)).place.user_id == stage.member.id
    assert not pressed.ephemeral
    assert (await stage.app.store.moderation.preferences(stage.member.id)).agreed_to == "2026-08"
    await (await stage.order("faceswap-v5")).says("Queued")


@pytest.mark.stage(consent=ASKING)
async def test_consent_without_an_order_asks_to_send_it_again(stage: Stage) -> None:
    asked = (await stage.order("faceswap-v5")).result
    # The same happens after a restart, or after a long time.
    stage.app.client.orders.consent.forget(stage.member.id)
    await agree(stage, asked)
    assert "send your command again" in said(asked)
    await (await stage.order("faceswap-v5")).says("Queued")


@pytest.mark.stage(consent=ASKING)
async def test_an_older_consent_does_not_count(stage: Stage) -> None:
    await stage.app.store.moderation.agree(stage.member.id, "2025-01")
    assert wording("consent.title") in said((await stage.order("faceswap-v5")).result)
    await stage.app.store.moderation.agree(stage.member.id, "2026-08")
    await (await stage.order("faceswap-v5")).says("Queued")


@pytest.mark.stage(consent=ASKING)
async def test_one_members_consent_does_not_count_for_another(stage: Stage) -> None:
    await stage.order("faceswap-v5")
    other = stage.another_member("mallory")
    await stage.app.store.moderation.agree(other.id, "2026-08")
    await (await stage.order_as(other, "faceswap-v5")).says("Queued")
    assert wording("consent.title") in said((await stage.order("faceswap-v5")).result)


@pytest.mark.stage(consent=ASKING)
async def test_each_question_continues_its_own_order(stage: Stage) -> None:
    first = (await stage.order("faceswap-v5")).result
    second = (await stage.order("faceswap-v4")).result
    await Reply(stage.env, await agree(stage, first)).says("Face swap v5", "Queued")
    await Reply(stage.env, await agree(stage, second)).says("Face swap v4", "Queued")


async def agree(stage: Stage, asked: simcord.InteractionResult) -> simcord.InteractionResult:
    assert asked.response is not None
    return await stage.member.click(asked.response, label="I agree")
