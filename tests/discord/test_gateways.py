"""Several processes on one small Discord: each receives the events of its gateway or shard."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from tests.discord.entities import Guild
from tests.discord.faults import Broken, Dropped, Faults, Late
from tests.discord.gateway import SHARD_BITS, Op
from tests.discord.server import SmallDiscord

TIME = 1_000_000


def guild(number: int, door: str = "") -> Guild:
    return Guild(f"Server {number}", door, guild_id=(TIME + number) << SHARD_BITS)


@pytest.fixture
async def stack() -> AsyncGenerator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


async def connect(
    stack: AsyncExitStack, discord: SmallDiscord, door: str = "", shard: tuple[int, int] | None = None
) -> aiohttp.ClientWebSocketResponse:
    """Open a session and identify."""
    session = await stack.enter_async_context(aiohttp.ClientSession())
    socket = await stack.enter_async_context(session.ws_connect(discord.gateway_url_for(door)))
    await socket.receive_json()
    own: dict[str, Any] = {} if shard is None else {"shard": list(shard)}
    await socket.send_json({"op": Op.IDENTIFY, "d": {"token": discord.token, **own}})
    return socket


async def announced(socket: aiohttp.ClientWebSocketResponse) -> list[str]:
    """The servers that a new session hears of."""
    ready = (await socket.receive_json())["d"]
    return [(await socket.receive_json())["d"]["id"] for _ in ready["guilds"]]


async def test_a_named_gateway_sends_the_events_of_its_servers(stack: AsyncExitStack) -> None:
    here, there = guild(0, "one"), guild(1, "two")
    discord = await stack.enter_async_context(SmallDiscord([here, there]))
    first = await connect(stack, discord, "one")
    assert await announced(first) == [str(here.id)]
    assert discord.gateway.serves(here)
    assert not discord.gateway.serves(there)
    everywhere = await connect(stack, discord)
    assert await announced(everywhere) == [str(here.id), str(there.id)]
    await discord.gateway.emit("INTERACTION_CREATE", {"guild_id": str(there.id)})
    await discord.gateway.emit("INTERACTION_CREATE", {"guild_id": str(here.id)})
    assert (await first.receive_json())["d"]["guild_id"] == str(here.id)
    assert (await everywhere.receive_json())["d"]["guild_id"] == str(there.id)


async def test_a_shard_receives_the_events_of_its_servers(stack: AsyncExitStack) -> None:
    guilds = [guild(number) for number in range(4)]
    discord = await stack.enter_async_context(SmallDiscord(guilds))
    even, odd = [await connect(stack, discord, shard=(index, 2)) for index in range(2)]
    assert await announced(even) == [str(each.id) for each in guilds[::2]]
    assert await announced(odd) == [str(each.id) for each in guilds[1::2]]
    # The returning shard does not take over the servers of the other, disconnected one.
    discord.gateway.cut()
    await announced(await connect(stack, discord, shard=(0, 2)))
    assert discord.gateway.serves(guilds[0])
    assert not discord.gateway.serves(guilds[1])


async def test_orders_are_placed_in_any_server(stack: AsyncExitStack) -> None:
    here, there = guild(0), guild(1)
    discord = await stack.enter_async_context(SmallDiscord([here, there]))
    headers = {"Authorization": f"Bot {discord.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        path = f"/applications/{discord.app.id}/commands"
        command = {"name": "swap", "description": "Swap a face"}
        async with session.put(discord.api + path, json=[command]) as answer:
            assert answer.status == 200
        reply = await discord.send_slash("swap", guild=there)
        callback = f"/interactions/{reply.interaction.id}/{reply.token}/callback"
        async with session.post(discord.api + callback, json={"type": 5}) as answer:
            assert answer.status == 204
        message = f"/channels/{there.channel.id}/messages/{reply.id}"
        async with session.patch(discord.api + message, json={"content": "done"}) as answer:
            assert answer.status == 200
    found = discord.messages.find(reply.id)
    assert found is not None
    assert (reply.interaction.guild_id, reply.text, found.edits[0].route) == (there.id, "done", "channel")


def test_faults_by_chance_repeat_themselves_by_their_seed() -> None:
    def draws(seed: int) -> list[object]:
        faults = Faults(seed)
        faults.by_chance("edit", Broken(500), 0.3)
        faults.by_chance("*", Dropped(), 0.1)
        return [faults.draw(endpoint, "") for _ in range(100) for endpoint in ("edit", "send")]

    assert draws(1) == draws(1) != draws(2)
    assert {Broken(500), Dropped(), None} == set(draws(1))
    faults = Faults()
    faults.by_chance("*", Late(0.1), 1)
    assert faults.draw("me", "") == Late(0.1)
    faults.clear()
    assert faults.draw("me", "") is None
