"""The small Discord answers as Discord does, seen by a plain HTTP client."""

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


GROUP = {
    "name": "admin",
    "description": "Manage the bot",
    "options": [
        {
            "type": 1,
            "name": "refund",
            "description": "Give back",
            "options": [{"type": 3, "name": "job", "description": "An id"}],
        }
    ],
}
FORM: dict[str, Any] = {
    "title": "Swap",
    "custom_id": "form",
    "components": [
        {"type": 18, "label": "Target", "component": {"type": 19, "custom_id": "target", "max_values": 2}},
        {
            "type": 18,
            "label": "Model",
            "component": {
                "type": 21,
                "custom_id": "model",
                "options": [{"label": "A", "value": "a", "default": True}, {"label": "B", "value": "b"}],
            },
        },
    ],
}
BUTTON = {"type": 1, "components": [{"type": 2, "style": 1, "label": "Again", "custom_id": "again:1"}]}


class Client:
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
        status, _ = await self.call("PUT", f"/applications/{self.discord.app.id}/commands", [COMMAND, GROUP])
        assert status == 200

    async def send_command(self) -> Reply:
        await self.register()
        return await self.discord.send_slash("swap", face=("a.png", b"bytes"))

    async def deferred(self) -> Reply:
        reply = await self.send_command()
        status, _ = await self.call(
            "POST", f"/interactions/{reply.interaction.id}/{reply.token}/callback", DEFERRED
        )
        assert status == 204
        return reply

    def message_path(self, reply: Reply, message: str = "@original") -> str:
        return f"/webhooks/{self.discord.app.id}/{reply.token}/messages/{message}"


@pytest.fixture
async def client() -> AsyncGenerator[Client]:
    async with SmallDiscord() as discord, aiohttp.ClientSession() as session:
        yield Client(discord, session)


async def test_the_bots_own_calls_need_its_token(client: Client) -> None:
    assert (await client.call("GET", "/users/@me"))[1]["username"] == "Doppel"
    wrong = {"Authorization": "Bot another"}
    assert await client.call("GET", "/users/@me", headers=wrong) == (
        401,
        {"message": "401: Unauthorized", "code": 0},
    )
    assert client.discord.violations == []


async def test_a_member_can_only_type_what_the_bot_has_registered(client: Client) -> None:
    with pytest.raises(CannotType, match="there is no /swap"):
        await client.discord.slash("swap")
    await client.register()
    picture = ("a.png", b"")
    wrong: list[dict[str, Any]] = [{}, {"face": "words"}, {"face": picture, "count": 4}, {"more": 1}]
    for options in wrong:
        with pytest.raises(CannotType):
            await client.discord.slash("swap", **options)


async def test_a_subcommand_is_typed_after_its_command(client: Client) -> None:
    await client.register()
    with pytest.raises(CannotType, match="has no subcommand grant"):
        await client.discord.send_slash("admin grant", job="a")
    with pytest.raises(CannotType, match="has no option hat"):
        await client.discord.send_slash("admin refund", hat="a")
    async with client.session.ws_connect(client.discord.gateway_url) as socket:
        await socket.receive_json()
        await socket.send_json({"op": Op.IDENTIFY, "d": {"token": client.discord.token}})
        assert [(await socket.receive_json())["t"] for _ in range(2)] == ["READY", "GUILD_CREATE"]
        await client.discord.send_slash("admin refund", job="a1")
        event = await socket.receive_json()
    (subcommand,) = event["d"]["data"]["options"]
    assert (subcommand["type"], subcommand["name"]) == (1, "refund")
    assert subcommand["options"] == [{"name": "job", "type": 3, "value": "a1"}]


async def test_a_press_updates_its_message_or_gets_a_reply(client: Client) -> None:
    reply = await client.deferred()
    await client.call("PATCH", client.message_path(reply), {"components": [BUTTON]})
    message = reply.interaction.message
    assert message is not None
    with pytest.raises(CannotType, match="has no component again:2"):
        await client.discord.press(message, "again:2")
    pressed = [await client.discord.press(message, "again:1") for _ in range(2)]
    for press, kind in zip(pressed, (6, 5), strict=True):
        callback = f"/interactions/{press.interaction.id}/{press.token}/callback?with_response=true"
        assert (await client.call("POST", callback, {"type": kind}))[0] == 200
    assert pressed[0].interaction.message is message
    assert pressed[1].id != message.id
    assert (await client.call("PATCH", client.message_path(pressed[0]), {"content": "done"}))[0] == 200
    assert reply.text == "done"
    command = await client.send_command()
    callback = f"/interactions/{command.interaction.id}/{command.token}/callback"
    assert (await client.call("POST", callback, {"type": 6}))[1]["code"] == 50035
    assert client.discord.violations == []


async def test_a_form_is_opened_filled_in_and_answered(client: Client) -> None:
    command = await client.send_command()
    callback = f"/interactions/{command.interaction.id}/{command.token}/callback"
    twice: dict[str, Any] = {"type": 9, "data": {**FORM, "components": FORM["components"] * 2}}
    assert (await client.call("POST", callback, twice))[1]["code"] == 50035
    assert client.discord.violations.pop().endswith("two fields have the same custom_id")
    assert (await client.call("POST", callback, {"type": 9, "data": FORM}))[0] == 204
    picture = ("a.png", b"bytes")
    wrong: list[dict[str, Any]] = [
        {},
        {"target": [picture] * 3},
        {"target": [picture], "model": "c"},
        {"hat": ""},
    ]
    for values in wrong:
        with pytest.raises(CannotType):
            await client.discord.submit(command, **values)
    submitted = await client.discord.submit(command, target=[picture, picture])
    callback = f"/interactions/{submitted.interaction.id}/{submitted.token}/callback"
    assert (await client.call("POST", callback, {"type": 9, "data": FORM}))[1]["code"] == 50035
    assert (await client.call("POST", callback, DEFERRED))[0] == 204
    assert (await client.call("PATCH", client.message_path(submitted), {"content": "done"}))[0] == 200
    assert submitted.text == "done"


async def test_a_form_is_shown_once_and_submitted(client: Client) -> None:
    reply = await client.deferred()
    await client.call("PATCH", client.message_path(reply), {"components": [BUTTON]})
    assert reply.interaction.message is not None
    shown = await client.discord.press(reply.interaction.message, "again:1")
    with pytest.raises(CannotType, match="no form"):
        await client.discord.submit(shown)
    field = {"type": 4, "custom_id": "why", "style": 1, "required": False}
    form = {
        "custom_id": "f",
        "title": "Why?",
        "components": [{"type": 18, "label": "Why", "component": field}],
    }
    callback = f"/interactions/{shown.interaction.id}/{shown.token}/callback"
    assert (await client.call("POST", callback, {"type": 9, "data": form}))[0] in {200, 204}
    assert (await client.call("POST", callback, {"type": 9, "data": form}))[1]["code"] == 40060
    with pytest.raises(CannotType, match="the form has no"):
        await client.discord.submit(shown, who="me")
    sent = await client.discord.submit(shown, why="because")
    callback = f"/interactions/{sent.interaction.id}/{sent.token}/callback"
    assert (await client.call("POST", callback, {"type": 9, "data": form}))[1]["code"] == 50035
    assert (await client.call("POST", callback, DEFERRED))[0] in {200, 204}
    assert client.discord.violations == []


async def test_an_interaction_is_answered_once_and_edited_until_its_token_is_void(client: Client) -> None:
    reply = await client.deferred()
    callback = f"/interactions/{reply.interaction.id}/{reply.token}/callback"
    assert (await client.call("POST", callback, DEFERRED))[1]["code"] == 40060
    assert (await client.call("PATCH", client.message_path(reply), {"content": "one"}))[0] == 200
    assert (await client.call("PATCH", client.message_path(reply, str(reply.id)), {"content": "two"}))[
        0
    ] == 200
    assert reply.texts == ["one", "two"]
    assert (await client.call("GET", client.message_path(reply, "1")))[1]["code"] == 10008
    reply.expire_token()
    status, body = await client.call("PATCH", client.message_path(reply), {"content": "three"})
    assert (status, body["code"]) == (401, 50027)
    in_channel = f"/channels/{client.discord.guild.channel.id}/messages/{reply.id}"
    assert (await client.call("PATCH", in_channel, {"content": "three"}))[0] == 200
    client.discord.guild.channel.open = False
    assert (await client.call("PATCH", in_channel, {"content": "four"}))[1]["code"] == 50001
    assert [edit.route for edit in reply.edits] == ["token", "token", "channel"]
    assert client.discord.violations == []


async def test_a_deleted_message_is_unknown(client: Client) -> None:
    reply = await client.deferred()
    assert await client.call("DELETE", client.message_path(reply)) == (204, None)
    assert reply.deleted
    assert (await client.call("PATCH", client.message_path(reply), {"content": "x"}))[1]["code"] == 10008


async def test_files_are_hosted_under_signed_addresses_and_bounded(client: Client) -> None:
    reply = await client.deferred()
    client.discord.messages.upload_limit = 5

    async def send(content: bytes) -> tuple[int, Any]:
        form = aiohttp.FormData(quote_fields=False)
        payload = (
            f'{{"flags": {COMPONENTS_V2}, "attachments": [{{"id": 0, "filename": "a.png"}}],'
            ' "components": [{"type": 12, "items": [{"media": {"url": "attachment://a.png"}}]}]}'
        )
        form.add_field("payload_json", payload)
        form.add_field("files[0]", content, filename="a.png")
        async with client.session.patch(client.discord.api + client.message_path(reply), data=form) as answer:
            return answer.status, await answer.json()

    assert (await send(b"123456"))[1]["code"] == 40005
    status, body = await send(b"12345")
    address = body["attachments"][0]["url"]
    assert (status, body["components"][0]["items"][0]["media"]["url"]) == (200, address)
    async with client.session.get(f"{address}doppel=0123") as answer:
        assert await answer.read() == b"12345"
    async with client.session.get(address.replace("hm=", "hm=0")) as answer:
        assert answer.status == 404
    assert client.discord.violations == []


async def test_an_invalid_call_is_rejected_and_recorded(client: Client) -> None:
    reply = await client.deferred()
    body = {"components": [{"type": 10, "content": "x"}]}
    assert (await client.call("PATCH", client.message_path(reply), body))[1]["code"] == 50035
    assert (await client.call("GET", "/users/me"))[0] == 404
    assert len(client.discord.violations) == 2


async def test_faults_meet_the_call_that_they_are_meant_for(client: Client) -> None:
    faults = client.discord.faults
    faults.next("me", Limited(0.5), Broken(503))
    faults.next("edit", Broken(500), about=["never said"])
    faults.next("edit", Dropped(), Dropped(after=True), about=['"x"'])
    status, body = await client.call("GET", "/users/@me")
    assert (status, body["retry_after"]) == (429, 0.5)
    assert (await client.call("GET", "/users/@me"))[0] == 503
    assert (await client.call("GET", "/users/@me"))[0] == 200
    reply = await client.deferred()
    for done in ([], ["x"]):
        with pytest.raises(aiohttp.ClientError):
            await client.call("PATCH", client.message_path(reply), {"content": "x"})
        assert reply.texts == done


async def test_a_resumed_session_receives_the_missed_events(client: Client) -> None:
    discord = client.discord
    async with client.session.ws_connect(discord.gateway_url) as socket:
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
    async with client.session.ws_connect(discord.gateway_url) as socket:
        await socket.receive_json()
        await socket.send_json({"op": Op.RESUME, "d": resume})
        missed, resumed = await socket.receive_json(), await socket.receive_json()
        assert (missed["t"], missed["d"], missed["s"]) == ("INTERACTION_CREATE", {"missed": True}, 3)
        assert resumed["t"] == "RESUMED"
    async with client.session.ws_connect(discord.gateway_url) as socket:
        await socket.receive_json()
        await socket.send_json({"op": Op.RESUME, "d": resume})
        # A normal close of the previous connection ended the session.
        assert (await socket.receive_json())["op"] == Op.INVALID_SESSION
        await socket.send_json({"op": Op.IDENTIFY, "d": {"token": "another"}})
        await socket.receive()
        assert socket.close_code == 4004
