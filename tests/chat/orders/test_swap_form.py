"""Guided orders: the form of `/swap`, and the menu on a message."""

from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest
import simcord
from discord import ui

from bot.chat.delivery.job_buttons import Action, JobButton
from bot.chat.orders.message_media import LinkedFile, posted_in
from bot.jobs.job import Job
from bot.media_kind import MediaKind
from tests.chat.admin_harness import said
from tests.chat.orders.forms import choices, fields
from tests.chat.orders.test_saved_faces import EVA, KEY, width_sent
from tests.harness import Reply, Stage
from tests.media.files import moving, picture, video
from tests.wording import wording

MENU = "Swap a face into this"
FACE = ("face.png", picture("PNG", 80, 60))
TARGET = ("photo.png", picture("PNG", 64, 48))


async def opened(stage: Stage) -> simcord.InteractionResult:
    return await stage.member.slash(stage.channel, "swap")


async def sent(stage: Stage, shown: simcord.InteractionResult, **values: Any) -> Reply:
    return Reply(stage.env, await stage.member.submit_modal(shown, values))


async def ordered(stage: Stage, reply: Reply) -> Job:
    await reply.says("Queued")
    return await stage.job(reply)


# The form


async def test_the_form_shows_each_choice_with_price_and_usual_time(stage: Stage) -> None:
    asked = fields(await opened(stage))
    assert list(asked) == ["face", "target", "path", "wishes"]
    assert [(each["value"], each["label"]) for each in asked["path"]["options"]] == [
        ("fast", "Fast picture · 5 credits · about 10 s"),
        ("best", "Best picture · 19 credits · about 33 s"),
        ("group", "Group · 1 credit · about 8 s"),
        ("comic", "Comic · 8 credits · about 22 s"),
        ("video", "Video · 11 credits per 10 s (rounded up) · about 29 s"),
    ]
    assert asked["face"]["required"]


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        ("fast", "faceswap-v5"),
        ("best", "faceswap-v4"),
        ("group", "faceswap-v3-multifaceswap"),
        ("comic", "faceswap-comic"),
        ("video", "ai-face-swap"),
    ],
)
async def test_a_submitted_form_places_an_order(stage: Stage, path: str, slug: str) -> None:
    reply = await sent(stage, await opened(stage), face=FACE, target=TARGET, path=path)
    await stage.finish(reply, "Completed")
    assert (await stage.job(reply)).slug == slug
    assert await width_sent(stage, slug) == 80


async def test_the_form_shows_the_prices_of_an_event_that_can_pay_them(stage: Stage, server: Any) -> None:
    def prices(shown: Any) -> list[str]:
        return [each["label"].split(" · ")[1] for each in fields(shown)["path"]["options"]]

    await server.tell("event", hours=1, cap=200, discount=60)
    assert prices(await opened(stage)) == [
        "2 credits",
        "8 credits",
        "1 credit",
        "4 credits",
        "5 credits per 10 s (rounded up)",
    ]
    await server.tell("event", end=True)
    # It can pay for a picture, but not for a minute of video.
    await server.tell("event", hours=1, cap=10, discount=60)
    assert prices(await opened(stage))[::4] == ["2 credits", "11 credits per 10 s (rounded up)"]


async def test_the_best_picture_uses_quality_mode_at_the_price_in_the_form(stage: Stage) -> None:
    job = await ordered(stage, await sent(stage, await opened(stage), face=FACE, target=TARGET, path="best"))
    assert (job.body["model_type"], job.price) == ("quality", 19)


async def test_the_display_options_of_the_form_are_kept(stage: Stage) -> None:
    shown = await opened(stage)
    values = {"face": FACE, "target": TARGET, "path": "fast", "wishes": ["hidden", "spoiler"]}
    reply = Reply(stage.env, await stage.member.submit_modal(shown, values))
    place = (await ordered(stage, reply)).place
    assert (place.hidden, place.spoiler, place.direct) == (True, True, False)
    assert reply.result.ephemeral


@pytest.mark.stage(faces={"key": KEY})
async def test_a_saved_face_can_be_picked_and_an_attached_one_wins(stage: Stage) -> None:
    await stage.member.slash(stage.channel, "face save", name="Eva", picture=EVA, default=True)
    shown = await opened(stage)
    asked = fields(shown)
    assert choices(asked["saved"]) == ["Eva"]
    assert asked["saved"]["options"][0]["default"]
    assert not asked["face"]["required"]
    await stage.finish(await sent(stage, shown, target=TARGET, path="fast", saved=["Eva"]), "Completed")
    assert await width_sent(stage) == 80
    other = ("b.png", picture("PNG", 100, 60))
    reply = await sent(stage, await opened(stage), target=TARGET, path="fast", saved=["Eva"], face=other)
    await stage.finish(reply, "Completed")
    assert await width_sent(stage) == 100


async def test_models_that_are_off_here_are_not_offered(stage: Stage, server: Any) -> None:
    for slug in ("faceswap-v4", "faceswap-comic", "faceswap-v3-multifaceswap", "ai-face-swap"):
        await server.tell("models", model=slug, on=False)
    shown = await opened(stage)
    assert "path" not in fields(shown)
    reply = await sent(stage, shown, face=FACE, target=TARGET)
    assert (await ordered(stage, reply)).slug == "faceswap-v5"
    await server.tell("models", model="faceswap-v5", on=False)
    assert wording("refused.model_off") in said(await opened(stage))


async def test_a_video_that_is_sent_to_a_model_of_pictures_is_explained(stage: Stage) -> None:
    reply = await sent(stage, await opened(stage), face=FACE, target=("v.mp4", video()), path="fast")
    await reply.refused("needs a picture, but `v.mp4` is a video")


# The menu


async def use_menu_on(stage: Stage, message: Any) -> simcord.InteractionResult:
    return await stage.member.context_menu(stage.channel, MENU, message)


async def test_the_one_picture_of_a_message_needs_no_choice(stage: Stage) -> None:
    author = stage.another_member("bob")
    message = await author.send(stage.channel, "look", attachments=[TARGET, ("words.txt", b"words")])
    shown = await use_menu_on(stage, message)
    asked = fields(shown)
    assert list(asked) == ["face", "path", "wishes"]
    assert choices(asked["path"]) == ["fast", "best", "group", "comic"]
    reply = await sent(stage, shown, face=FACE, path="fast")
    await stage.finish(reply, "Completed")
    assert await width_sent(stage) == 80


async def test_of_several_files_one_is_chosen(stage: Stage) -> None:
    message = await stage.member.send(stage.channel, "", attachments=[TARGET, ("clip.mp4", video())])
    shown = await use_menu_on(stage, message)
    asked = fields(shown)
    assert [each["label"] for each in asked["which"]["options"]] == ["1. photo.png", "2. clip.mp4"]
    assert choices(asked["path"]) == ["fast", "best", "group", "comic", "video"]
    job = await ordered(stage, await sent(stage, shown, face=FACE, path="video", which=["1"]))
    assert job.video_seconds


async def test_a_message_with_a_video_offers_only_models_for_videos(stage: Stage) -> None:
    message = await stage.member.send(stage.channel, "", attachments=[("clip.mp4", video())])
    shown = await use_menu_on(stage, message)
    assert list(fields(shown)) == ["face", "wishes"]
    assert (await ordered(stage, await sent(stage, shown, face=FACE))).slug == "ai-face-swap"


async def test_the_picture_of_a_card_can_be_used_again(stage: Stage) -> None:
    card = await stage.order("faceswap-v5")
    await stage.finish(card, "Completed")
    assert card.result.response is not None
    shown = await use_menu_on(stage, card.result.response.message)
    assert "which" not in fields(shown)
    await stage.finish(await sent(stage, shown, face=FACE, path="fast"), "Completed")
    assert await width_sent(stage) == 80


async def test_each_picture_of_a_message_is_found_once(stage: Stage) -> None:
    order = await ordered(stage, await stage.order("faceswap-v5"))
    # Any address on the web would do; this one is Segmind's.
    address = order.body["target_image"]
    channel = stage.app.client.get_partial_messageable(stage.channel.id, guild_id=stage.guild.id)
    webhook = stage.guild.create_webhook(stage.channel)
    embedded = await webhook.send(embed=discord.Embed().set_image(url=address).set_thumbnail(url=address))
    view = ui.LayoutView()
    thumbnail: ui.Thumbnail[Any] = ui.Thumbnail("https://example.org/a/b.webp")
    section: ui.Section[Any] = ui.Section("words", accessory=thumbnail)
    gallery = discord.MediaGalleryItem(f"{address}?again"), discord.MediaGalleryItem(address)
    view.add_item(ui.Container(section, ui.MediaGallery(*gallery)))
    shown = await channel.send(view=view)
    source = stage.app.client.orders.source
    assert [each.file.filename for each in posted_in(shown, source)] == ["b.webp", "a.png"]
    form = await use_menu_on(stage, embedded)
    await stage.finish(await sent(stage, form, face=FACE, path="fast"), "Completed")
    assert await width_sent(stage) == 80


async def test_a_deleted_picture_is_explained(stage: Stage) -> None:
    gone = discord.Embed().set_image(url=f"{stage.segmind.url}/assets/gone.png")
    form = await use_menu_on(stage, await stage.guild.create_webhook(stage.channel).send(embed=gone))
    reply = await sent(stage, form, face=FACE, path="fast")
    await reply.refused("`gone.png` couldn't be loaded from Discord")


async def test_a_message_without_pictures_says_so(stage: Stage) -> None:
    message = await stage.member.send(stage.channel, "words", attachments=[("words.txt", b"words")])
    assert "There is no picture or video in that message" in said(await use_menu_on(stage, message))


async def test_pictures_of_a_member_who_opted_out_are_not_used(stage: Stage) -> None:
    author = stage.another_member("bob")
    message = await author.send(stage.channel, "", attachments=[TARGET])
    await stage.app.store.moderation.set_opted_out(author.id, out=True)
    assert wording("refused.not_to_be_used") in said(await use_menu_on(stage, message))
    own = await author.context_menu(stage.channel, MENU, message)
    assert own.modal is not None


async def test_the_result_of_a_member_who_opted_out_is_not_used(stage: Stage) -> None:
    card = await stage.order("faceswap-v5")
    await stage.finish(card, "Completed")
    assert card.result.response is not None
    message = card.result.response.message
    mallory = stage.another_member("mallory")
    await stage.app.store.moderation.set_opted_out(stage.member.id, out=True)
    assert wording("refused.not_to_be_used") in said(await mallory.context_menu(stage.channel, MENU, message))
    # The owner may use their own, and others may once the owner allows it again.
    assert (await use_menu_on(stage, message)).modal is not None
    await stage.app.store.moderation.set_opted_out(stage.member.id, out=False)
    assert (await mallory.context_menu(stage.channel, MENU, message)).modal is not None


async def test_a_result_that_was_posted_without_an_interaction_belongs_to_the_member_of_its_job(
    stage: Stage,
) -> None:
    channel = stage.app.client.get_partial_messageable(stage.channel.id, guild_id=stage.guild.id)
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.MediaGallery(discord.MediaGalleryItem("https://example.org/a.png")))
    button = JobButton(Action.AGAIN, stage.member.id, "a-job", "Again")
    row: ui.ActionRow[Any] = ui.ActionRow()
    row.add_item(cast("ui.Item[Any]", button))
    container: ui.Container[Any] = ui.Container(row)
    view.add_item(container)
    posted = await channel.send(view=view)
    mallory = stage.another_member("mallory")
    assert (await mallory.context_menu(stage.channel, MENU, posted)).modal is not None
    await stage.app.store.moderation.set_opted_out(stage.member.id, out=True)
    assert wording("refused.not_to_be_used") in said(await mallory.context_menu(stage.channel, MENU, posted))


async def test_pictures_of_the_bot_that_belong_to_no_job_are_not_used(stage: Stage) -> None:
    channel = stage.app.client.get_partial_messageable(stage.channel.id, guild_id=stage.guild.id)
    posted = await channel.send(embed=discord.Embed().set_image(url="https://example.org/a.png"))
    assert wording("refused.unknown_owner") in said(await use_menu_on(stage, posted))


async def test_forwarding_a_picture_does_not_get_around_an_opt_out(stage: Stage) -> None:
    author, mallory = stage.another_member("bob"), stage.another_member("mallory")
    message = await author.send(stage.channel, "", attachments=[TARGET])
    forwarded = await mallory.forward(message, stage.channel)
    assert (await mallory.context_menu(stage.channel, MENU, forwarded)).modal is not None
    await stage.app.store.moderation.set_opted_out(author.id, out=True)
    assert wording("refused.not_to_be_used") in said(
        await mallory.context_menu(stage.channel, MENU, forwarded)
    )
    assert (await author.context_menu(stage.channel, MENU, forwarded)).modal is not None
    assert (await mallory.context_menu(stage.channel, MENU, message)).modal is None
    await author.delete(message)
    refused = said(await mallory.context_menu(stage.channel, MENU, forwarded))
    assert wording("refused.unknown_owner") in refused


async def test_a_gif_of_a_message_is_offered_as_a_video_first(stage: Stage) -> None:
    author = stage.another_member("bob")
    message = await author.send(stage.channel, "look", attachments=[("dance.gif", moving("GIF"))])
    shown = await use_menu_on(stage, message)
    assert choices(fields(shown)["path"])[0] == "video"
    reply = await sent(stage, shown, face=FACE, path="video")
    job = await ordered(stage, reply)
    assert (job.slug, job.video_seconds) == ("ai-face-swap", pytest.approx(0.75))


def test_the_embed_of_a_gif_gives_its_video() -> None:
    tenor = {
        "type": "gifv",
        "url": "https://tenor.com/view/x",
        "thumbnail": {"url": "https://media.tenor.com/x.png", "proxy_url": "https://p.example/x.png"},
        "video": {"url": "https://media.tenor.com/x.mp4", "proxy_url": "https://p.example/x.mp4"},
    }
    message = SimpleNamespace(
        attachments=[],
        components=[],
        message_snapshots=[],
        embeds=[discord.Embed.from_dict(cast("Any", tenor))],
    )
    (posted,) = posted_in(cast("Any", message), cast("Any", None))
    assert (posted.kind, posted.file.filename) == (MediaKind.VIDEO, "x.mp4")
    assert cast("LinkedFile", posted.file).address == "https://p.example/x.mp4"


# One click


ONE_CLICK = "Swap my face into this"


async def click_into(stage: Stage, *files: tuple[str, bytes]) -> simcord.InteractionResult:
    message = await stage.another_member("bob").send(stage.channel, "look", attachments=list(files))
    return await stage.member.context_menu(stage.channel, ONE_CLICK, message)


@pytest.mark.stage(faces={"key": KEY})
@pytest.mark.parametrize(("file", "slug"), [(TARGET, "faceswap-v5"), (("v.mp4", video()), "ai-face-swap")])
async def test_one_click_puts_the_default_face_into_a_picture_or_a_video(
    stage: Stage, file: tuple[str, bytes], slug: str
) -> None:
    await stage.member.slash(stage.channel, "face save", name="Eva", picture=EVA, default=True)
    reply = Reply(stage.env, await click_into(stage, file))
    assert (await ordered(stage, reply)).slug == slug
    assert await width_sent(stage, slug) == 80


@pytest.mark.stage(faces={"key": KEY})
async def test_one_click_uses_the_model_that_the_server_prefers(stage: Stage, server: Any) -> None:
    await server.tell("defaults", model="faceswap-comic")
    await stage.member.slash(stage.channel, "face save", name="Eva", picture=EVA, default=True)
    reply = Reply(stage.env, await click_into(stage, TARGET))
    assert (await ordered(stage, reply)).slug == "faceswap-comic"


@pytest.mark.stage(faces={"key": KEY})
async def test_one_click_asks_where_something_is_left_to_choose(stage: Stage) -> None:
    assert "face" in fields(await click_into(stage, TARGET))
    await stage.member.slash(stage.channel, "face save", name="Eva", picture=EVA, default=True)
    assert "which" in fields(await click_into(stage, TARGET, ("b.png", picture("PNG", 64, 50))))


async def confirming(stage: Stage) -> simcord.InteractionResult:
    """Click as a member who confirms prices."""
    await stage.member.slash(stage.channel, "face save", name="Eva", picture=EVA, default=True)
    await stage.member.slash(stage.channel, "credits confirm", on=True)
    return await click_into(stage, TARGET)


@pytest.mark.stage(faces={"key": KEY})
async def test_one_click_shows_the_price_first_to_a_member_who_confirms(stage: Stage) -> None:
    asked = await confirming(stage)
    assert "Face swap v5 costs **5 credits**. Put your face into this?" in said(asked)
    assert await stage.app.store.job_history.of_member(stage.member.id) == []
    assert asked.response is not None
    reply = Reply(stage.env, await stage.member.click(asked.response, label="Order"))
    assert (await ordered(stage, reply)).slug == "faceswap-v5"
    assert len(await stage.app.store.job_history.of_member(stage.member.id)) == 1
    assert "shows you the price first" in said(await stage.member.slash(stage.channel, "credits confirm"))
    off = await stage.member.slash(stage.channel, "credits confirm", on=False)
    assert "orders at once" in said(off)
    await ordered(stage, Reply(stage.env, await click_into(stage, TARGET)))


@pytest.mark.stage(faces={"key": KEY})
async def test_a_confirmed_price_that_rose_is_asked_again(stage: Stage, server: Any) -> None:
    await server.tell("event", hours=1, cap=50, discount=60)
    asked = await confirming(stage)
    assert "costs **2 credits**" in said(asked)
    await server.tell("event", end=True)
    assert asked.response is not None
    await stage.member.click(asked.response, label="Order")
    assert "costs **5 credits**" in said(asked)
    assert await stage.app.store.job_history.of_member(stage.member.id) == []
    reply = Reply(stage.env, await stage.member.click(asked.response, label="Order"))
    assert (await ordered(stage, reply)).price == 5
