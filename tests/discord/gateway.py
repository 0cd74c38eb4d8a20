"""Discord's gateway: sessions that outlive their connection, and are taken up with what they have missed."""

import asyncio
import json
import secrets
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from aiohttp import WSMsgType, web

from tests.discord.entities import Guild

HEARTBEAT_SECONDS = 41.25
CLEAN = frozenset({1000, 1001})
# What Discord reckons a server's shard from: the part of its id that is a time.
SHARD_BITS = 22


class Op(IntEnum):
    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    RESUME = 6
    RECONNECT = 7
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Line:
    """One connection, compressed as a whole where the client asks for it."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self._request = request
        self._zlib = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None
        self.socket = socket
        self.door = request.match_info.get("door", "")

    async def send(self, op: Op, data: Any, sequence: int | None = None, event: str | None = None) -> None:
        text = json.dumps({"op": op, "d": data, "s": sequence, "t": event})
        # A client that is gone finds out when it comes back.
        with suppress(ConnectionError):
            if self._zlib is None:
                await self.socket.send_str(text)
            else:
                packed = self._zlib.compress(text.encode()) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
                await self.socket.send_bytes(packed)

    def cut(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()


@dataclass(eq=False, slots=True)
class Session:
    """`guilds` are those that its door and its shard tell of."""

    door: str
    shard: tuple[int, int]
    guilds: Sequence[Guild]
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    events: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])
    line: Line | None = None

    def hears(self, data: Any) -> bool:
        """What belongs to no server is heard by all; Discord would tell the first shard alone."""
        guild_id = data.get("guild_id")
        return guild_id is None or any(str(guild.id) == guild_id for guild in self.guilds)

    async def tell(self, event: str, data: Any) -> None:
        self.events.append((event, data))
        if self.line is not None:
            await self.line.send(Op.DISPATCH, data, len(self.events), event)

    async def replay(self, after: int) -> None:
        assert self.line is not None
        for sequence, (event, data) in enumerate(self.events[after:], after + 1):
            await self.line.send(Op.DISPATCH, data, sequence, event)


class Gateway:
    """`hello` gives the events that a new session begins with.

    A session that comes through a door of its own hears of the servers behind that door alone, and one shard
    of several of its share of them.
    """

    def __init__(
        self, token: str, guilds: Sequence[Guild], hello: Callable[[Session], list[tuple[str, Any]]]
    ) -> None:
        self._token = token
        self._guilds = guilds
        self._hello = hello
        self._sessions: dict[str, Session] = {}
        self.open = True
        """Whether anybody is let in; who is inside stays."""
        self.turned_away = 0
        self.identified = 0
        self.resumed = 0

    @property
    def online(self) -> bool:
        return any(session.line is not None for session in self._sessions.values())

    def tells_of(self, guild: Guild) -> bool:
        """Whether somebody is connected who hears of this server."""
        return any(guild in each.guilds for each in self._sessions.values() if each.line is not None)

    async def emit(self, event: str, data: Any) -> None:
        for session in list(self._sessions.values()):
            if session.hears(data):
                await session.tell(event, data)

    def cut(self) -> None:
        """Break every connection, without a word; the sessions live on."""
        for line in self._lines():
            line.cut()

    async def ask_to_reconnect(self) -> None:
        for line in self._lines():
            await line.send(Op.RECONNECT, None)

    def forget(self) -> None:
        """No session can be taken up again."""
        self._sessions.clear()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if not self.open:
            self.turned_away += 1
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        line = Line(request, socket)
        await line.send(Op.HELLO, {"heartbeat_interval": int(HEARTBEAT_SECONDS * 1000)})
        session: Session | None = None
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    session = await self._heard(line, session, json.loads(message.data))
        finally:
            if session is not None and session.line is line:
                session.line = None
                if socket.close_code in CLEAN:
                    self._sessions.pop(session.id, None)
        return socket

    async def _heard(self, line: Line, session: Session | None, message: Mapping[str, Any]) -> Session | None:
        data = message.get("d")
        match message["op"]:
            case Op.HEARTBEAT:
                await line.send(Op.HEARTBEAT_ACK, None)
            case Op.IDENTIFY:
                return await self._identify(line, data)
            case Op.RESUME:
                return await self._resume(line, data)
            case _:
                await line.socket.close(code=4001)
        return session

    async def _identify(self, line: Line, data: Any) -> Session | None:
        if data["token"] != self._token:
            await line.socket.close(code=4004, message=b"Authentication failed.")
            return None
        door = line.door
        index, count = shard = (*data.get("shard", (0, 1)),)
        guilds = [
            guild
            for guild in self._guilds
            if door in ("", guild.door) and (guild.id >> SHARD_BITS) % count == index
        ]
        session = Session(door, shard, guilds)
        # Nobody will come back for what a dead process has left.
        self._sessions = {
            name: each
            for name, each in self._sessions.items()
            if each.line is not None or (each.door, each.shard) != (door, shard)
        }
        self._sessions[session.id] = session
        for event, told in self._hello(session):
            session.events.append((event, told))
        session.line = line
        self.identified += 1
        await session.replay(0)
        return session

    async def _resume(self, line: Line, data: Any) -> Session | None:
        session = self._sessions.get(data["session_id"])
        if session is None or data["token"] != self._token or data["seq"] > len(session.events):
            # Discord asks for a pause before the next try; a test need not wait for it.
            await asyncio.sleep(0)
            await line.send(Op.INVALID_SESSION, False)
            return None
        session.line = line
        self.resumed += 1
        await session.replay(data["seq"])
        await session.tell("RESUMED", {"_trace": []})
        return session

    def _lines(self) -> list[Line]:
        return [session.line for session in self._sessions.values() if session.line is not None]
