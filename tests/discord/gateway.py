"""Discord's gateway: sessions outlive their connections and can be resumed."""

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
NORMAL_CLOSURE = frozenset({1000, 1001})
# Discord computes a server's shard from the timestamp in its id.
SHARD_BITS = 22


class Op(IntEnum):
    """Gateway opcodes."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    RESUME = 6
    RECONNECT = 7
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Connection:
    """One websocket, compressed as a stream if the client asks for it."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self._request = request
        self._zlib = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None
        self.socket = socket
        self.gateway_name = request.match_info.get("door", "")

    async def send(self, op: Op, data: Any, sequence: int | None = None, event: str | None = None) -> None:
        text = json.dumps({"op": op, "d": data, "s": sequence, "t": event})
        # A lost client resumes from its last sequence number.
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
    """A session with its events, which a client can resume."""

    gateway_name: str
    shard: tuple[int, int]
    guilds: Sequence[Guild]
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    events: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])
    connection: Connection | None = None

    def receives(self, data: Any) -> bool:
        """Return whether the session receives an event. Events without a server go to all shards."""
        guild_id = data.get("guild_id")
        return guild_id is None or any(str(guild.id) == guild_id for guild in self.guilds)

    async def dispatch(self, event: str, data: Any) -> None:
        self.events.append((event, data))
        if self.connection is not None:
            await self.connection.send(Op.DISPATCH, data, len(self.events), event)

    async def replay(self, after: int) -> None:
        assert self.connection is not None
        for sequence, (event, data) in enumerate(self.events[after:], after + 1):
            await self.connection.send(Op.DISPATCH, data, sequence, event)


class Gateway:
    """The gateway. `hello` returns the events that begin a new session.

    A session on a named gateway receives only the events of that gateway's servers; a shard, of its share.
    """

    def __init__(
        self, token: str, guilds: Sequence[Guild], hello: Callable[[Session], list[tuple[str, Any]]]
    ) -> None:
        self._token = token
        self._guilds = guilds
        self._hello = hello
        self._sessions: dict[str, Session] = {}
        self.open = True
        """True if new connections are accepted; open ones stay."""
        self.rejected = 0
        self.identified = 0
        self.resumed = 0

    @property
    def online(self) -> bool:
        return any(session.connection is not None for session in self._sessions.values())

    def serves(self, guild: Guild) -> bool:
        """Return whether a connected session receives the events of this server."""
        return any(guild in each.guilds for each in self._sessions.values() if each.connection is not None)

    async def emit(self, event: str, data: Any) -> None:
        for session in list(self._sessions.values()):
            if session.receives(data):
                await session.dispatch(event, data)

    def cut(self) -> None:
        """Break every connection without a close frame; the sessions stay."""
        for line in self._connections():
            line.cut()

    async def ask_to_reconnect(self) -> None:
        for line in self._connections():
            await line.send(Op.RECONNECT, None)

    def forget_sessions(self) -> None:
        """Drop all sessions, so that none can be resumed."""
        self._sessions.clear()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if not self.open:
            self.rejected += 1
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        connection = Connection(request, socket)
        await connection.send(Op.HELLO, {"heartbeat_interval": int(HEARTBEAT_SECONDS * 1000)})
        session: Session | None = None
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    session = await self._handle_message(connection, session, json.loads(message.data))
        finally:
            if session is not None and session.connection is connection:
                session.connection = None
                if socket.close_code in NORMAL_CLOSURE:
                    self._sessions.pop(session.id, None)
        return socket

    async def _handle_message(
        self, connection: Connection, session: Session | None, message: Mapping[str, Any]
    ) -> Session | None:
        data = message.get("d")
        match message["op"]:
            case Op.HEARTBEAT:
                await connection.send(Op.HEARTBEAT_ACK, None)
            case Op.IDENTIFY:
                return await self._identify(connection, data)
            case Op.RESUME:
                return await self._resume(connection, data)
            case _:
                await connection.socket.close(code=4001)
        return session

    async def _identify(self, connection: Connection, data: Any) -> Session | None:
        if data["token"] != self._token:
            await connection.socket.close(code=4004, message=b"Authentication failed.")
            return None
        gateway_name = connection.gateway_name
        index, count = shard = (*data.get("shard", (0, 1)),)
        guilds = [
            guild
            for guild in self._guilds
            if gateway_name in ("", guild.gateway_name) and (guild.id >> SHARD_BITS) % count == index
        ]
        session = Session(gateway_name, shard, guilds)
        # A killed process never resumes its session.
        self._sessions = {
            name: each
            for name, each in self._sessions.items()
            if each.connection is not None or (each.gateway_name, each.shard) != (gateway_name, shard)
        }
        self._sessions[session.id] = session
        session.events.extend(self._hello(session))
        session.connection = connection
        self.identified += 1
        await session.replay(0)
        return session

    async def _resume(self, connection: Connection, data: Any) -> Session | None:
        session = self._sessions.get(data["session_id"])
        if session is None or data["token"] != self._token or data["seq"] > len(session.events):
            # Discord asks for a pause before the next try; tests do not wait for it.
            await asyncio.sleep(0)
            await connection.send(Op.INVALID_SESSION, False)
            return None
        session.connection = connection
        self.resumed += 1
        await session.replay(data["seq"])
        await session.dispatch("RESUMED", {"_trace": []})
        return session

    def _connections(self) -> list[Connection]:
        return [session.connection for session in self._sessions.values() if session.connection is not None]
