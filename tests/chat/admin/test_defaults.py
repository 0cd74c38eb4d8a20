"""Administrators set what an order gets where its member chose nothing."""

from typing import Any

import pytest

from bot.jobs.job import Job
from tests.chat.admin_harness import Server
from tests.chat.orders.forms import fields
from tests.harness import Reply
from tests.wording import wording


async def ordered(server: Server, **options: Any) -> Job:
    return await ordered_in(server, server.channel, **options)


async def ordered_in(server: Server, channel: Any, **options: Any) -> Job:
    files = server.stage.files("faceswap-v5")
    reply = Reply(server.stage.env, await server.member.slash(channel, "faceswap-v5", **files | options))
    await server.stage.finish(reply, "Completed")
    job = await server.stage.job(reply)
    assert reply.result.ephemeral == job.place.hidden
    return job


async def test_an_order_gets_the_defaults_of_the_server(server: Server) -> None:
    said = await server.tell("defaults", hidden=True, spoiler=True, image_format="webp")
    assert "in the whole server: `image_format:webp` `hidden:True` `spoiler:True`" in said
    job = await ordered(server)
    assert (job.place.hidden, job.place.spoiler, job.body["image_format"]) == (True, True, "webp")


async def test_what_a_member_chooses_comes_first(server: Server) -> None:
    await server.tell("defaults", hidden=True, spoiler=True, image_format="webp")
    job = await ordered(server, hidden=False, spoiler=False, image_format="png")
    assert (job.place.hidden, job.place.spoiler, job.body["image_format"]) == (False, False, "png")


async def test_a_channel_counts_before_a_role_and_a_role_before_the_server(server: Server) -> None:
    role = server.guild.create_role("artists")
    server.member = server.guild.add_member(server.stage.env.create_user("art"), roles=[role])
    elsewhere = server.guild.create_text_channel("elsewhere")
    await server.tell("defaults", image_format="webp", spoiler=True)
    await server.tell("defaults", role=role, image_format="jpeg", hidden=True)
    await server.tell("defaults", channel=elsewhere, image_format="png")
    formats = [(await ordered_in(server, each)) for each in (server.channel, elsewhere)]
    assert [each.body["image_format"] for each in formats] == ["jpeg", "png"]
    assert all(each.place.hidden and each.place.spoiler for each in formats)


async def test_later_defaults_of_a_place_add_to_earlier_ones_until_they_are_taken_back(
    server: Server,
) -> None:
    await server.tell("defaults", channel=server.channel, spoiler=True)
    await server.tell("defaults", channel=server.channel, hidden=True)
    shown = await server.tell("defaults")
    assert f"in <#{server.channel.id}>: `hidden:True` `spoiler:True`" in shown
    said = await server.tell("defaults", channel=server.channel, reset=True)
    assert f"No defaults are set in <#{server.channel.id}> any more." in said
    assert wording("defaults.none") in await server.tell("defaults")
    assert not (await ordered(server)).place.hidden


async def test_the_form_preselects_the_servers_model_and_display_options(server: Server) -> None:
    await server.tell("defaults", model="faceswap-comic", spoiler=True)
    form = fields(await server.member.slash(server.channel, "swap"))
    assert [each["value"] for each in form["path"]["options"] if each.get("default")] == ["comic"]
    assert [each["value"] for each in form["wishes"]["options"] if each.get("default")] == ["spoiler"]


@pytest.mark.parametrize(
    ("options", "words"),
    [({"model": "faceswap-v9"}, "no such model"), ({"hidden": True}, wording("refused.two_places"))],
)
async def test_what_cannot_be_set_changes_nothing(
    server: Server, options: dict[str, Any], words: str
) -> None:
    role = server.guild.create_role("artists")
    places = {"channel": server.channel, "role": role} if "hidden" in options else {}
    assert words in await server.tell("defaults", **places, **options)
    assert (await server.rules()).defaults_for({role.id}, {server.channel.id}).named() == {}
    assert await server.audit_entries() == []
