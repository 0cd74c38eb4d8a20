"""The small Discord as one server: REST, gateway and files, with as many servers and members as needed."""

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
from tests.discord.records import Attachment, FileStore, Interaction, Message
from tests.discord.requests import Call, Inspector
from tests.discord.rest import Rest
from tests.discord.routes import add_routes
from tests.discord.rules import components
from tests.discord.spec import Spec
from tests.discord.user import (
    CannotType,
    Reply,
    eventually,
    fill_in,
    menu_of,
    new_interaction,
    payload,
    submission,
)

BASE = "/api/v10"
TOKEN_SECONDS = 15 * 60.0
MAX_BODY = 64 * 2**20


class SmallDiscord:
    """A Discord that runs inside its context.

    `faults` scripts failures, `calls` returns the bot's calls and `violations` lists what Discord would
    reject. `token_seconds`, `messages.upload_limit` and `guild.channel.open` may change at any time.
    """

    def __init__(self, guilds: Sequence[Guild] = (), *, seed: int = 0, inspect: bool = True) -> None:
        """Without `inspect`, calls are not checked, which is fast enough for benchmarks."""
        self.app = App()
        self.guilds = guilds or [Guild()]
        self.guild = self.guilds[0]
        self.token = self.app.token()
        self.token_seconds = TOKEN_SECONDS
        self.faults = Faults(seed)
        self.files = FileStore()
        self.messages = Messages(self.app, self.guilds, self.files)
        self.gateway = Gateway(self.token, self.guilds, self._initial_events)
        self.member = Member("alice")
        self.file_requests = 0
        self.files_available = asyncio.Event()
        """While it is cleared, downloads wait."""
        self.files_available.set()
        self._commands = Commands(self.app)
        self._inspector = Inspector(Spec.find() if inspect else None)
        self._rest = Rest(token=self.token, base=BASE, faults=self.faults, inspector=self._inspector)
        add_routes(self._rest, self.app, self._commands, self.messages, lambda: self.gateway_url)
        app = web.Application(client_max_size=MAX_BODY)
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
        self.files.origin = f"http://127.0.0.1:{self._port}"
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
        return self.gateway_url_for("")

    def gateway_url_for(self, gateway_name: str) -> str:
        """Return the URL of a named gateway, which sends only its own servers' events."""
        return f"ws://127.0.0.1:{self._port}/gateway/{f'{gateway_name}/' if gateway_name else ''}"

    @property
    def violations(self) -> list[str]:
        """Everything that the bot sent and Discord would reject."""
        return self._inspector.violations

    @property
    def call_count(self) -> int:
        """Number of all calls."""
        return len(self._rest.calls)

    @property
    def commands(self) -> Mapping[str, Mapping[str, Any]]:
        """Commands that members can type, by name."""
        return self._commands.available(self.guild.id)

    def calls(self, endpoint: str) -> list[Call]:
        return [call for call in self._rest.calls if call.endpoint == endpoint]

    async def online(self) -> None:
        """Wait until the bot is connected."""
        await eventually(lambda: self.gateway.online, lambda: "the bot is connected")

    async def slash(
        self, command: str, *, member: Member | None = None, guild: Guild | None = None, **options: Any
    ) -> Reply:
        """Send a command and wait for the bot's response; a file is a name and its bytes."""
        reply = await self.send_slash(command, member=member, guild=guild, **options)
        await reply.acknowledged()
        return reply

    async def send_slash(
        self, command: str, *, member: Member | None = None, guild: Guild | None = None, **options: Any
    ) -> Reply:
        """Send a command, such as `swap` or `admin refund`, without waiting for a response."""
        guild = guild or self.guild
        name, *subcommands = command.split()
        if (known := self._commands.available(guild.id).get(name)) is None:
            raise CannotType(f"there is no /{name}, only {', '.join(self.commands)}")
        data = fill_in(known, subcommands, options, self.files, guild.channel.id)
        interaction = self._interaction(command, guild)
        return await self._send(interaction, member or self.member, data, guild)

    async def press(
        self, message: Message, custom_id: str, *, member: Member | None = None, guild: Guild | None = None
    ) -> Reply:
        """Press a button of a message without waiting for a response."""
        guild, used = guild or self.guild, _component(message, custom_id)
        data = {"custom_id": custom_id, "component_type": used["type"], "id": 1}
        interaction = self._interaction(custom_id, guild, message)
        return await self._send(interaction, member or self.member, data, guild)

    async def choose(self, message: Message, custom_id: str, *values: str) -> Reply:
        """Choose from a select of a message without waiting for a response."""
        used = _component(message, custom_id)
        if unknown := set(values) - {option["value"] for option in used["options"]}:
            raise CannotType(f"{custom_id} offers no {', '.join(sorted(unknown))}")
        data = {"custom_id": custom_id, "component_type": used["type"], "id": 1, "values": values}
        return await self._send(
            self._interaction(custom_id, self.guild, message), self.member, data, self.guild
        )

    async def menu(
        self, command: str, message: Message, *, member: Member | None = None, guild: Guild | None = None
    ) -> Reply:
        """Choose a command in the menu of a message without waiting for a response."""
        guild = guild or self.guild
        if (known := self._commands.available(guild.id).get(command)) is None:
            raise CannotType(f"no menu has {command}, only {', '.join(self.commands)}")
        interaction = self._interaction(command, guild)
        return await self._send(interaction, member or self.member, menu_of(known, message), guild)

    async def submit(
        self, opened: Reply, *, member: Member | None = None, guild: Guild | None = None, **values: Any
    ) -> Reply:
        """Fill in the form that the bot opened, and send it without waiting for a response."""
        guild, form = guild or self.guild, opened.interaction.form
        if form is None:
            raise CannotType(f"{opened.interaction.command} opened no form")
        data = submission(form, values, self.files, guild.channel.id)
        interaction = self._interaction(form["custom_id"], guild, opened.interaction.pressed, submitted=form)
        return await self._send(interaction, member or self.member, data, guild)

    def _interaction(
        self,
        command: str,
        guild: Guild,
        pressed: Message | None = None,
        submitted: Mapping[str, Any] | None = None,
    ) -> Interaction:
        return new_interaction(
            command,
            guild_id=guild.id,
            channel_id=guild.channel.id,
            seconds=self.token_seconds,
            pressed=pressed,
            submitted=submitted,
        )

    async def _send(
        self, interaction: Interaction, member: Member, data: Mapping[str, Any], guild: Guild
    ) -> Reply:
        self.messages.interactions[interaction.token] = interaction
        event = payload(
            interaction,
            member,
            data,
            channel=guild.channel.payload,
            application_id=self.app.id,
            upload_limit=self.messages.upload_limit,
        )
        await self.gateway.emit("INTERACTION_CREATE", event)
        return Reply(interaction)

    def file(self, url: str) -> Attachment | None:
        """Return the file behind a URL while its signature is valid."""
        address = URL(url)
        return self.files.get(address.path, address.query)

    async def _file(self, request: web.Request) -> web.Response:
        self.file_requests += 1
        await self.files_available.wait()
        if (found := self.file(str(request.url))) is None:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=found.content, content_type=found.media_type)

    def _initial_events(self, session: Session) -> list[tuple[str, Any]]:
        ready = {
            "v": 10,
            "user": self.app.user,
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in session.guilds],
            "session_id": session.id,
            "resume_gateway_url": self.gateway_url_for(session.gateway_name),
            "shard": list(session.shard),
            "application": {"id": str(self.app.id), "flags": 0},
        }
        return [("READY", ready), *(("GUILD_CREATE", guild.payload) for guild in session.guilds)]


def _component(message: Message, custom_id: str) -> dict[str, Any]:
    for each in components(message.components):
        if each.get("custom_id") == custom_id:
            return each
    raise CannotType(f"the message has no component {custom_id}")
