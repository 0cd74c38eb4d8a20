"""Orders that are rejected say why in one sentence, and cost nothing."""

from typing import Any

import pytest
import simcord

from bot.ledger.ledger import AuditEntry
from tests.harness import Stage, eventually
from tests.media.files import animated, picture, png_bomb, video
from tests.segmind_docs import FILES, MODELS
from tests.wording import wording

EVERY_FILE = [(slug, option) for slug, options in FILES.items() for option in options]
BOUNDED = [
    (slug, name, each.range)
    for slug, parameters in MODELS.items()
    for name, each in parameters.items()
    if each.range
]


async def is_untouched(stage: Stage) -> bool:
    balance = await stage.app.store.balance(stage.account)
    return stage.segmind.submissions == () and (balance.free, balance.held) == (100, 0)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.png", b"this is a text, whatever its name says", "`notes.png` isn't a picture or video"),
        ("cut.png", picture("PNG")[:-200], "`cut.png` is incomplete"),
        ("tiny.png", picture("PNG", 8, 8), "`tiny.png` is too small (8 × 8 pixels)"),  # noqa: RUF001
        ("bomb.png", png_bomb(), "(20000 × 20000)"),  # noqa: RUF001
        ("big.png", bytes(21 * 2**20), "`big.png`"),
    ],
    ids=["text", "truncated", "tiny", "bomb", "too large"],
)
async def test_the_reply_to_an_unusable_file_names_the_file(
    stage: Stage, name: str, content: bytes, said: str
) -> None:
    for slug, option in EVERY_FILE:
        await (await stage.order(slug, **{option: (name, content)})).refused(said)
    assert await is_untouched(stage)


async def test_an_animation_where_a_picture_belongs_is_refused(stage: Stage) -> None:
    for slug, option in EVERY_FILE:
        if (slug, option) != ("ai-face-swap", "target"):
            reply = await stage.order(slug, **{option: ("moving.webp", animated("WEBP"))})
            await reply.refused("`moving.webp` is animated")
    assert await is_untouched(stage)


async def test_a_video_where_a_picture_belongs_is_refused(stage: Stage) -> None:
    for slug, option in EVERY_FILE:
        if (slug, option) != ("ai-face-swap", "target"):
            reply = await stage.order(slug, **{option: ("face.png", video())})
            await reply.refused(f"`{option}` needs a picture, but `face.png` is a video")
    assert await is_untouched(stage)


async def test_the_kind_of_a_file_follows_from_its_bytes(stage: Stage) -> None:
    reply = await stage.order("faceswap-v5", source_image=("face.png", picture("JPEG")))
    await stage.finish(reply, "Completed")


async def test_discord_itself_refuses_a_number_out_of_range(stage: Stage) -> None:
    for slug, name, (low, high) in BOUNDED:
        for value in (low - 1, high + 1):
            with pytest.raises(simcord.OptionError):
                await stage.order(slug, **{name: value})


async def test_the_model_rejects_values_that_discord_lets_through(stage: Stage) -> None:
    reply = await stage.order("faceswap-v3-multifaceswap", source_faces_index="one")
    await reply.refused("`source_faces_index` must be face numbers", "such as 0,1,2", "`one`")
    assert await is_untouched(stage)


async def test_the_error_for_missing_credits_states_both_amounts(stage: Stage) -> None:
    await stage.app.store.adjust(stage.account, -97, "nearly empty", AuditEntry("test", "take"))
    reply = await stage.order("faceswap-v4")
    await reply.refused("need 13 credits", "have 3 credits", "no daily allowance here")
    assert stage.segmind.submissions == ()


async def test_what_is_known_at_once_is_answered_without_a_placeholder(stage: Stage) -> None:
    await stage.app.store.adjust(stage.account, -97, "nearly empty", AuditEntry("test", "take"))
    for options in ({}, {"target_image": ("a.png", bytes(30 * 2**20))}):
        reply = await stage.order("faceswap-v4", **options)
        assert reply.result.ephemeral
        assert not reply.result.deferred
        assert reply.edits == []


async def test_a_database_too_slow_for_the_first_answer_is_asked_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.chat.orders.preparation.EARLY_CHECK_SECONDS", 0)
    await (await stage.order("faceswap-v5")).says("Queued")
    await stage.app.store.adjust(stage.account, -95, "empty", AuditEntry("test", "take"))
    reply = await stage.order("faceswap-v5")
    await reply.refused("need 5 credits", "have 0 credits")
    await eventually(lambda: reply.result.response is None, lambda: "the placeholder is gone")


@pytest.mark.stage(credits={"daily": 10, "start": 0})
async def test_the_error_for_a_spent_allowance_states_when_it_refills(stage: Stage) -> None:
    for _ in range(2):
        await (await stage.order("faceswap-v5")).says("Queued")
    midnight = int(stage.clock.now() // 86_400 * 86_400 + 86_400)
    await (await stage.order("faceswap-v5")).refused("have 0 credits", f"refills <t:{midnight}:R>")
    assert (await stage.app.store.balance(stage.account)).held == 10


@pytest.mark.stage(credits={"server_monthly": 9})
async def test_a_spent_server_cap_holds_no_credits(stage: Stage) -> None:
    await (await stage.order("faceswap-v5")).says("Queued")
    other = stage.another_member("bob")
    reply = await stage.order_as(other, "faceswap-v5")
    await reply.refused(wording("refused.server_cap"), "4 credits left")
    assert (await stage.app.store.balance(f"{stage.guild.id}:{other.id}")).held == 0


@pytest.mark.stage(credits={"operator_daily_usd": 0.09})
async def test_a_spent_operator_cap_rejects_orders(stage: Stage) -> None:
    await (await stage.order("faceswap-v5")).says("Queued")
    await (await stage.order("faceswap-v5")).refused(wording("refused.operator_cap"))
    assert (await stage.app.store.balance(stage.account)).held == 5


async def test_a_model_that_the_server_switched_off_is_refused_there(stage: Stage) -> None:
    off = AuditEntry("test", "models")
    await stage.app.store.change_rules(
        stage.guild.id, lambda rules: rules.model_copy(update={"models_off": frozenset({"faceswap-v5"})}), off
    )
    await (await stage.order("faceswap-v5")).refused("`faceswap-v5` is turned off")
    await (await stage.order("faceswap-v3-multifaceswap")).says("Queued")


async def test_a_servers_own_limits_are_narrower(stage: Stage) -> None:
    limits = {"per_member": 1, "picture_bytes": 1024}
    await stage.app.store.change_rules(
        stage.guild.id,
        lambda rules: rules.model_copy(update={"limits": {"per_member": 1}}),
        AuditEntry("t", "limits"),
    )
    await (await stage.order("faceswap-v5")).says("Queued")
    await (await stage.order("faceswap-v5")).says("Waiting in line")
    await stage.app.store.change_rules(
        stage.guild.id, lambda rules: rules.model_copy(update={"limits": limits}), AuditEntry("t", "limits")
    )
    await (await stage.order("faceswap-v5")).refused("the limit here is 1 KiB")


@pytest.mark.stage(credits={"start": 0})
async def test_the_best_of_a_members_roles_counts(stage: Stage) -> None:
    good, better = (stage.guild.create_role(name) for name in ("good", "better"))
    roles = {good.id: 5, better.id: 13}
    await stage.app.store.change_rules(
        stage.guild.id, lambda rules: rules.model_copy(update={"roles": roles}), AuditEntry("t", "roles")
    )
    await (await stage.order("faceswap-v5")).refused("have 0 credits")
    bob = stage.guild.add_member(stage.env.create_user("bob"), roles=[better, good])
    await (await stage.order_as(bob, "faceswap-v4")).says("Queued")
    await (await stage.order_as(bob, "faceswap-v3-multifaceswap")).refused("but have 0 credits")


@pytest.mark.stage(jobs={"per_member": 1, "waiting_per_member": 1})
async def test_a_full_queue_rejects_orders_and_states_its_limit(stage: Stage) -> None:
    await (await stage.order("faceswap-v5")).says("Queued")
    await (await stage.order("faceswap-v5")).says("Waiting in line")
    await (await stage.order("faceswap-v5")).refused(wording("refused.waiting.one"))
    assert (await stage.app.store.balance(stage.account)).held == 10


@pytest.mark.stage(segmind={"inputs": "link"})
async def test_in_link_mode_segmind_receives_discords_link(stage: Stage) -> None:
    await (await stage.order("faceswap-v5")).says("Queued")
    (sent,) = stage.segmind.submissions
    assert "/attachments/" in sent.body["source_image"]
    assert "doppel=" in sent.body["source_image"]


async def test_an_upload_that_fails_charges_nothing(stage: Stage) -> None:
    stage.segmind.faults.always("upload", "error-before=502")
    reply = await stage.order("faceswap-v5")
    await reply.refused("`a.png` couldn't be sent to Segmind")
    assert await is_untouched(stage)


async def test_the_incident_number_of_an_unexpected_error_is_in_the_log(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(stage.app.store, "balance", broken)
    text = await (await stage.order("faceswap-v5")).refused(wording("refused.unexpected"))
    incident = text.split("`")[1]
    logged = capsys.readouterr()
    assert len(incident) == 8
    assert incident in logged.out + logged.err
