"""The small Discord answers as Discord does, seen by a client that is no bot."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import aiohttp
import pytest

from tests.discord.faults import Broken, Dropped, Limited
from tests.discord.gateway import Op
from tests.discord.rules import COMPONENTS_V2
from tests.discord.server import SmallDiscord
from tests.discord.user import CannotType, Reply, eventually

COMMAND = {
    "name": "swap",
    "description": "Swap a face",
    "options": [
        {"type": 11, "name": "face", "description": "A picture", "required": True},
        {"type": 4, "name": "count", "description": "A number", "min_value": 1, "max_value": 3},
    ],
}
DEFERRED = {"type": 5}


class Visitor:
    """A bot that is made of single calls."""

    def __init__(self, discord: SmallDiscord, session: aiohttp.ClientSession) -> None:
        self.discord = discord
        self.session = session

    async def call(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        own = {"Authorization": f"Bot {self.discord.token}", **(headers or {})}
        async with self.session.request(method, self.discord.api + path, json=body, headers=own) as answer:
            assert answer.status == 204 or answer.headers["Content-Type"] in {
                "application/json",
                "text/html; charset=utf-8",
            }
            return answer.status, await answer.json() if answer.content_type == "application/json" else None

    async def register(self) -> None:
        status, _ = await self.call("PUT", f"/applications/{self.discord.app.id}/commands", [COMMAND])
        assert status == 200

    async def asked(self) -> Reply:
        await self.register()
        return await self.discord.slash_unheard("swap", face=("a.png", b"bytes"))

    async def answered(self) -> Reply:
        reply = await self.asked()
        status, _ = await self.call(
            "POST", f"/interactions/{reply.interaction.id}/{reply.token}/callback", DEFERRED
        )
        assert status == 204
        return reply

    def hook(self, reply: Reply, message: str = "@original") -> str:
        return f"/webhooks/{self.discord.app.id}/{reply.token}/messages/{message}"


@pytest.fixture
async def visitor() -> AsyncGenerator[Visitor]:
    async with SmallDiscord() as discord, aiohttp.ClientSession() as session:
        yield Visitor(discord, session)


async def test_the_bots_own_calls_need_its_token(visitor: Visitor) -> None:
    assert (await visitor.call("GET", "/users/@me"))[1]["username"] == "Doppel"
    wrong = {"Authorization": "Bot another"}
    assert await visitor.call("GET", "/users/@me", headers=wrong) == (
        401,
        {"message": "401: Unauthorized", "code": 0},
    )
    assert visitor.discord.violations == []


async def test_a_member_can_only_type_what_the_bot_has_registered(visitor: Visitor) -> None:
    with pytest.raises(CannotType, match="there is no /swap"):
        await visitor.discord.slash("swap")
    await visitor.register()
    picture = ("a.png", b"")
    wrong: list[dict[str, Any]] = [{}, {"face": "words"}, {"face": picture, "count": 4}, {"more": 1}]
    for options in wrong:
        with pytest.raises(CannotType):
            await visitor.discord.slash("swap", **options)


async def test_an_interaction_is_answered_once_and_edited_until_its_token_is_void(visitor: Visitor) -> None:
    reply = await visitor.answered()
    callback = f"/interactions/{reply.interaction.id}/{reply.token}/callback"
    assert (await visitor.call("POST", callback, DEFERRED))[1]["code"] == 40060
    assert (await visitor.call("PATCH", visitor.hook(reply), {"content": "one"}))[0] == 200
    assert (await visitor.call("PATCH", visitor.hook(reply, str(reply.id)), {"content": "two"}))[0] == 200
    assert reply.texts == ["one", "two"]
    assert (await visitor.call("GET", visitor.hook(reply, "1")))[1]["code"] == 10008
    reply.expire()
    status, told = await visitor.call("PATCH", visitor.hook(reply), {"content": "three"})
    assert (status, told["code"]) == (401, 50027)
    in_channel = f"/channels/{visitor.discord.guild.channel.id}/messages/{reply.id}"
    assert (await visitor.call("PATCH", in_channel, {"content": "three"}))[0] == 200
    visitor.discord.guild.channel.open = False
    assert (await visitor.call("PATCH", in_channel, {"content": "four"}))[1]["code"] == 50001
    assert [edit.way for edit in reply.edits] == ["token", "token", "channel"]
    assert visitor.discord.violations == []


async def test_a_deleted_message_is_unknown(visitor: Visitor) -> None:
    reply = await visitor.answered()
    assert await visitor.call("DELETE", visitor.hook(reply)) == (204, None)
    assert reply.deleted
    assert (await visitor.call("PATCH", visitor.hook(reply), {"content": "x"}))[1]["code"] == 10008


async def test_files_are_hosted_under_signed_addresses_and_bounded(visitor: Visitor) -> None:
    reply = await visitor.answered()
    visitor.discord.messages.upload_limit = 5

    async def send(content: bytes) -> tuple[int, Any]:
        form = aiohttp.FormData(quote_fields=False)
        told = (
            f'{{"flags": {COMPONENTS_V2}, "attachments": [{{"id": 0, "filename": "a.png"}}],'
            ' "components": [{"type": 12, "items": [{"media": {"url": "attachment://a.png"}}]}]}'
        )
        form.add_field("payload_json", told)
        form.add_field("files[0]", content, filename="a.png")
        async with visitor.session.patch(visitor.discord.api + visitor.hook(reply), data=form) as answer:
            return answer.status, await answer.json()

    assert (await send(b"123456"))[1]["code"] == 40005
    status, told = await send(b"12345")
    address = told["attachments"][0]["url"]
    assert (status, told["components"][0]["items"][0]["media"]["url"]) == (200, address)
    async with visitor.session.get(f"{address}doppel=0123") as answer:
        assert await answer.read() == b"12345"
    async with visitor.session.get(address.replace("hm=", "hm=0")) as answer:
        assert answer.status == 404
    assert visitor.discord.violations == []


async def test_what_the_bot_says_wrongly_is_refused_and_kept(visitor: Visitor) -> None:
    reply = await visitor.answered()
    body = {"components": [{"type": 10, "content": "x"}]}
    assert (await visitor.call("PATCH", visitor.hook(reply), body))[1]["code"] == 50035
    assert (await visitor.call("GET", "/users/me"))[0] == 404
    assert len(visitor.discord.violations) == 2


async def test_faults_meet_the_call_that_they_are_meant_for(visitor: Visitor) -> None:
    faults = visitor.discord.faults
    faults.next("me", Limited(0.5), Broken(503))
    faults.next("edit", Broken(500), about=["never said"])
    faults.next("edit", Dropped(), Dropped(after=True), about=['"x"'])
    status, told = await visitor.call("GET", "/users/@me")
    assert (status, told["retry_after"]) == (429, 0.5)
    assert (await visitor.call("GET", "/users/@me"))[0] == 503
    assert (await visitor.call("GET", "/users/@me"))[0] == 200
    reply = await visitor.answered()
    for done in ([], ["x"]):
        with pytest.raises(aiohttp.ClientError):
            await visitor.call("PATCH", visitor.hook(reply), {"content": "x"})
        assert reply.texts == done


async def test_a_session_is_taken_up_again_with_what_it_has_missed(visitor: Visitor) -> None:
    discord = visitor.discord
    async with visitor.session.ws_connect(discord.gateway_url) as socket:
        assert (await socket.receive_json())["op"] == Op.HELLO
        await socket.send_json({"op": Op.IDENTIFY, "d": {"token": discord.token}})
        ready, guild = await socket.receive_json(), await socket.receive_json()
        assert (ready["t"], guild["t"], guild["s"]) == ("READY", "GUILD_CREATE", 2)
        await socket.send_json({"op": Op.HEARTBEAT, "d": 2})
        assert (await socket.receive_json())["op"] == Op.HEARTBEAT_ACK
        discord.gateway.cut()
        await eventually(lambda: not discord.gateway.online, lambda: "the connection is lost")
    await discord.gateway.emit("INTERACTION_CREATE", {"missed": True})
    session_id = ready["d"]["session_id"]
    resume = {"token": discord.token, "session_id": session_id, "seq": 2}
    async with visitor.session.ws_connect(discord.gateway_url) as socket:
        await socket.receive_json()
        await socket.send_json({"op": Op.RESUME, "d": resume})
        missed, resumed = await socket.receive_json(), await socket.receive_json()
        assert (missed["t"], missed["d"], missed["s"]) == ("INTERACTION_CREATE", {"missed": True}, 3)
        assert resumed["t"] == "RESUMED"
    async with visitor.session.ws_connect(discord.gateway_url) as socket:
        await socket.receive_json()
        await socket.send_json({"op": Op.RESUME, "d": resume})
        # The connection before was closed politely, which ends a session.
        assert (await socket.receive_json())["op"] == Op.INVALID_SESSION
        await socket.send_json({"op": Op.IDENTIFY, "d": {"token": "another"}})
        await socket.receive()
        assert socket.close_code == 4004
