"""Guided orders: the menu on a message with a picture or a video."""

from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest
import simcord
from discord import ui

from bot.chat.delivery.job_buttons import Action, JobButton
from bot.chat.orders.message_media import LinkedFile, posted_in
from bot.media_kind import MediaKind
from tests.chat.admin_harness import said
from tests.chat.orders.forms import FACE, MENU, TARGET, choices, fields, order_of, submit_form
from tests.chat.orders.own_faces import width_sent
from tests.harness import Stage
from tests.media.files import moving, video
from tests.wording import wording


async def use_menu_on(stage: Stage, message: Any) -> simcord.InteractionResult:
    return await stage.member.context_menu(stage.channel, MENU, message)


async def test_the_one_picture_of_a_message_needs_no_choice(stage: Stage) -> None:
    author = stage.another_member("bob")
    message = await author.send(stage.channel, "look", attachments=[TARGET, ("words.txt", b"words")])
    shown = await use_menu_on(stage, message)
    asked = fields(shown)
    assert list(asked) == ["face", "path", "wishes"]
    assert choices(asked["path"]) == ["fast", "best", "group", "comic"]
    reply = await submit_form(stage, shown, face=FACE, path="fast")
    await stage.finish(reply, "Completed")
    assert await width_sent(stage) == 80


async def test_of_several_files_one_is_chosen(stage: Stage) -> None:
    message = await stage.member.send(stage.channel, "", attachments=[TARGET, ("clip.mp4", video())])
    shown = await use_menu_on(stage, message)
    asked = fields(shown)
    assert [each["label"] for each in asked["which"]["options"]] == ["1. photo.png", "2. clip.mp4"]
    assert choices(asked["path"]) == ["fast", "best", "group", "comic", "video"]
    job = await order_of(stage, await submit_form(stage, shown, face=FACE, path="video", which=["1"]))
    assert job.video_seconds


async def test_a_message_with_a_video_offers_only_models_for_videos(stage: Stage) -> None:
    message = await stage.member.send(stage.channel, "", attachments=[("clip.mp4", video())])
    shown = await use_menu_on(stage, message)
    assert list(fields(shown)) == ["face", "wishes"]
    assert (await order_of(stage, await submit_form(stage, shown, face=FACE))).slug == "ai-face-swap"


async def test_the_picture_of_a_card_can_be_used_again(stage: Stage) -> None:
    card = await stage.order("faceswap-v5")
    await stage.finish(card, "Completed")
    assert card.result.response is not None
    shown = await use_menu_on(stage, card.result.response.message)
    assert "which" not in fields(shown)
    await stage.finish(await submit_form(stage, shown, face=FACE, path="fast"), "Completed")
    assert await width_sent(stage) == 80


async def test_each_picture_of_a_message_is_found_once(stage: Stage) -> None:
    order = await order_of(stage, await stage.order("faceswap-v5"))
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
    await stage.finish(await submit_form(stage, form, face=FACE, path="fast"), "Completed")
    assert await width_sent(stage) == 80


async def test_a_deleted_picture_is_explained(stage: Stage) -> None:
    gone = discord.Embed().set_image(url=f"{stage.segmind.url}/assets/gone.png")
    form = await use_menu_on(stage, await stage.guild.create_webhook(stage.channel).send(embed=gone))
    reply = await submit_form(stage, form, face=FACE, path="fast")
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
    reply = await submit_form(stage, shown, face=FACE, path="video")
    job = await order_of(stage, reply)
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
