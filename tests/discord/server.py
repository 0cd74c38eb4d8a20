"""The small Discord as a whole: one server unless more are given, and as many members as a test wants."""

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from yarl import URL

from tests.discord.commands import Commands
from tests.discord.entities import App, Guild, Member
from tests.discord.faults import Faults
from tests.discord.gateway import Gateway, Session
from tests.discord.messages import Messages
from tests.discord.records import Attachment, Shelf
from tests.discord.requests import Call, Inspector
from tests.discord.rest import Rest
from tests.discord.routes import add_routes
from tests.discord.spec import Spec
from tests.discord.user import CannotType, Reply, eventually, new_interaction, payload, typed

BASE = "/api/v10"
QUARTER = 15 * 60.0
MOST_BODY = 64 * 2**20


class SmallDiscord:
    """A server for as long as its context lasts.

    `faults` scripts what goes wrong, `calls` gives what the bot has asked, `violations` what was wrong with
    it. `token_seconds`, `messages.upload_limit` and `guild.channel.open` may be changed at any time.
    """

    def __init__(self, guilds: Sequence[Guild] = (), *, seed: int = 0, inspects: bool = True) -> None:
        """Without inspection it is quick enough to be measured against."""
        self.app = App()
        self.guilds = guilds or [Guild()]
        self.guild = self.guilds[0]
        self.token = self.app.token()
        self.token_seconds = QUARTER
        self.faults = Faults(seed)
        self.shelf = Shelf()
        self.messages = Messages(self.app, self.guilds, self.shelf)
        self.gateway = Gateway(self.token, self.guilds, self._hello)
        self.member = Member("alice")
        self.files_flow = asyncio.Event()
        """Cleared, it keeps whoever asks for a file waiting."""
        self.files_flow.set()
        self._commands = Commands(self.app)
        self._inspector = Inspector(Spec.at_hand() if inspects else None)
        self._rest = Rest(token=self.token, base=BASE, faults=self.faults, inspector=self._inspector)
        add_routes(self._rest, self.app, self._commands, self.messages, lambda: self.gateway_url)
        app = web.Application(client_max_size=MOST_BODY)
        app.router.add_get("/gateway/", self.gateway.handle)
        app.router.add_get("/gateway/{door}/", self.gateway.handle)
        app.router.add_get("/attachments/{channel}/{file}/{name}", self._file)
        self._rest.add_to(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        self._port = 0

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = site.port
        self.shelf.origin = f"http://127.0.0.1:{self._port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gateway.cut()
        await self._runner.cleanup()

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self._port}{BASE}"

    @property
    def gateway_url(self) -> str:
        return self.gateway_through("")

    def gateway_through(self, door: str) -> str:
        """Where a process is told of the servers behind this door alone."""
        return f"ws://127.0.0.1:{self._port}/gateway/{f'{door}/' if door else ''}"

    @property
    def violations(self) -> list[str]:
        """Whatever the bot said that Discord would not have taken."""
        return self._inspector.violations

    @property
    def calls_seen(self) -> int:
        """How many calls there were in all, each of them looked at."""
        return len(self._rest.calls)

    @property
    def commands(self) -> Mapping[str, Mapping[str, Any]]:
        """What members can type, by name."""
        return self._commands.known(self.guild.id)

    def calls(self, endpoint: str) -> list[Call]:
        return [call for call in self._rest.calls if call.endpoint == endpoint]

    async def online(self) -> None:
        """Until the bot is connected."""
        await eventually(lambda: self.gateway.online, lambda: "the bot is connected")

    async def slash(
        self, command: str, *, member: Member | None = None, guild: Guild | None = None, **options: Any
    ) -> Reply:
        """Type a command; a file is its name and its bytes. Comes back once the bot has answered."""
        reply = await self.slash_unheard(command, member=member, guild=guild, **options)
        await reply.acknowledged()
        return reply

    async def slash_unheard(
        self, command: str, *, member: Member | None = None, guild: Guild | None = None, **options: Any
    ) -> Reply:
        """The same, without waiting for the answer: the bot may be away for a moment."""
        guild = guild or self.guild
        if (known := self._commands.known(guild.id).get(command)) is None:
            raise CannotType(f"there is no /{command}, only {', '.join(self.commands)}")
        channel = guild.channel
        data = typed(known, options, self.shelf, channel.id)
        interaction = new_interaction(
            command, guild_id=guild.id, channel_id=channel.id, seconds=self.token_seconds
        )
        self.messages.interactions[interaction.token] = interaction
        told = payload(
            interaction,
            member or self.member,
            data,
            channel=channel.payload,
            application_id=self.app.id,
            upload_limit=self.messages.upload_limit,
        )
        await self.gateway.emit("INTERACTION_CREATE", told)
        return Reply(interaction)

    def file(self, url: str) -> Attachment | None:
        """What an address of this Discord leads to, as long as its signature holds."""
        address = URL(url)
        return self.shelf.get(address.path, address.query)

    async def _file(self, request: web.Request) -> web.Response:
        await self.files_flow.wait()
        if (found := self.file(str(request.url))) is None:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=found.content, content_type=found.media_type)

    def _hello(self, session: Session) -> list[tuple[str, Any]]:
        ready = {
            "v": 10,
            "user": self.app.user,
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in session.guilds],
            "session_id": session.id,
            "resume_gateway_url": self.gateway_through(session.door),
            "shard": list(session.shard),
            "application": {"id": str(self.app.id), "flags": 0},
        }
        return [("READY", ready), *(("GUILD_CREATE", guild.payload) for guild in session.guilds)]
