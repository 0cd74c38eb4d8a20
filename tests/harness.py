"""The whole bot on a simulated Discord, with the local Segmind over HTTP and a real database."""

import asyncio
import atexit
import sqlite3
import sys
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from functools import cache
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any, TypeVar, cast

import discord
import simcord
from pydantic import SecretStr

from bot import settings
from bot.app import App, build_app
from bot.faces.detection import FaceDetector
from bot.jobs.job import Job
from bot.ledger.account import account_of
from bot.media.workers import MediaWorkers
from bot.registry import model_registry
from bot.sandbox.segmind import LocalSegmind, StampEngine
from tests.clocks import HeldClock
from tests.media.files import picture
from tests.patience import PATIENCE

T = TypeVar("T")
MODELS = model_registry("cogs")


def local_segmind(clock: HeldClock, **terms: Any) -> LocalSegmind:
    """Local Segmind whose jobs advance only with the test's clock."""
    return LocalSegmind(MODELS, engine=StampEngine(), clock=clock.now, sleep=clock.sleep, **terms)


def settings_for(url: str, database: Path, /, **sections: dict[str, Any]) -> settings.Settings:
    chosen: dict[str, dict[str, Any]] = {
        # Only the tests of the welcome add the bot to a server.
        "discord": {"edit_gap": 0, "welcome": False},
        "segmind": {
            "key": SecretStr("key-of-the-tests"),
            "base_url": url,
            "inputs": "upload",
            "unknown_every": 0.01,
            # Tests send more requests than a real key allows.
            "requests_per_minute": 1_000_000,
            # The balance is polled only where a test wants it.
            "low_balance": 0,
            "balance_every": 0.05,
            "retries": 0,
        },
        "database": {"url": f"sqlite:///{database}"},
        "credits": {"daily": 0, "start": 100},
        "jobs": {"pace": 0.01, "line_refresh": 0.01},
        # Only the tests of consent require it.
        "consent": {"required": False},
        # The original beside the result has tests of its own.
        "card": {"before_and_after": False},
        # So have the marks in the pixels, which change what Segmind sent.
        "safety": {"explicit": "off"},
        "marks": {"watermark": False, "label": False},
    }
    for name, section in sections.items():
        chosen[name] = chosen.get(name, {}) | section
    return settings.Settings.model_validate(chosen)


def plain_settings(**sections: dict[str, Any]) -> settings.Settings:
    """Settings of the tests for a part that uses neither Segmind nor the database."""
    return settings_for("http://127.0.0.1", Path("unused.db"), **sections)


async def eventually(find: Callable[[], T | None], expected: Callable[[], str]) -> T:
    """Wait until `find` returns something, and return it."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not (found := find()):
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"this never happened: {expected()}") from None
    return found


def texts(components: Any) -> list[str]:
    """All texts in a tree of components."""
    match components:
        case {"type": 10, "content": str(content)}:
            return [content]
        case {"components": inner}:
            return texts(inner)
        case list():
            return [text for each in cast("list[Any]", components) for text in texts(each)]
        case _:
            return []


class Reply:
    """Message of the bot, with every edit that the channel has seen."""

    def __init__(self, env: simcord.Env, result: simcord.InteractionResult) -> None:
        self._env = env
        self.result = result

    @property
    def edits(self) -> list[str]:
        return ["\n".join(texts(components)) for components in self._edits(self._env.http_requests)]

    @property
    def text(self) -> str:
        last = next(self._edits(reversed(self._env.http_requests)), None)
        return "" if last is None else "\n".join(texts(last))

    def _edits(self, requests: Iterable[simcord.HttpLogEntry]) -> Iterator[Any]:
        number = str(self.id)
        for entry in requests:
            if entry.method == "PATCH" and number in entry.path and entry.json and "components" in entry.json:
                yield entry.json["components"]

    @property
    def attachments(self) -> list[discord.Attachment]:
        return self._response.attachments

    async def says(self, *words: str) -> str:
        def found() -> str | None:
            text = self.text
            return text if all(word in text for word in words) else None

        return await eventually(found, lambda: f"{words} in {self.edits}")

    async def refused(self, *words: str) -> str:
        """Wait until the member alone reads these words, and nobody else sees anything."""

        def found() -> str | None:
            shown = [each for each in (self.result.response, *self.result.followups) if each is not None]
            said = "\n".join(line for each in shown for line in texts(each.components))
            private = all(each.ephemeral for each in shown)
            return said if shown and private and all(word in said for word in words) else None

        return await eventually(found, lambda: f"{words} for the member alone, not {self.result}")

    @property
    def _response(self) -> simcord.ResponseMessage:
        assert self.result.response is not None
        return self.result.response

    @property
    def id(self) -> int:
        return self._response.id


@dataclass
class Stage:
    """The running bot on a simulated Discord, with one server, channel and member."""

    env: simcord.Env
    app: App
    segmind: LocalSegmind
    clock: HeldClock
    database: Path
    guild: simcord.GuildHandle
    channel: simcord.ChannelHandle
    member: simcord.MemberActor

    @property
    def account(self) -> str:
        return account_of(guild_id=self.guild.id, user_id=self.member.id)

    def another_member(self, name: str) -> simcord.MemberActor:
        return self.guild.add_member(self.env.create_user(name))

    async def order(self, slug: str, **options: Any) -> Reply:
        return await self.order_as(self.member, slug, **options)

    async def order_as(self, member: simcord.MemberActor, slug: str, **options: Any) -> Reply:
        """Run a model's command as this member, with small pictures for the files that are not given."""
        return Reply(self.env, await member.slash(self.channel, slug, **self.files(slug) | options))

    def files(self, slug: str) -> dict[str, Any]:
        return {name: ("a.png", picture("PNG")) for name in MODELS[slug].slots() if name != "mask_image"}

    async def job(self, reply: Reply) -> Job:
        """The job of a reply, read from the database."""
        with closing(sqlite3.connect(self.database)) as database:
            ((found,),) = database.execute("SELECT id FROM jobs WHERE message_id = ?", [reply.id]).fetchall()
        job = await self.app.store.find(found)
        assert job is not None
        return job

    async def execute(self, change: str, *values: object) -> None:
        """Run a statement in the database, without the bot."""

        def run() -> None:
            with closing(sqlite3.connect(self.database, timeout=PATIENCE)) as database, database:
                database.execute(change, values)

        # In a thread, because the bot may need the event loop to finish its own transaction.
        await asyncio.to_thread(run)

    async def wait_until_told(self, reply: Reply) -> Job:
        """Wait until the job is recorded as told, a moment after the message shows it."""
        async with asyncio.timeout(PATIENCE):
            while not (job := await self.job(reply)).told:
                await asyncio.sleep(0.01)
        return job

    async def finish(self, reply: Reply, *words: str) -> str:
        """Advance the clock until the reply shows these words, in steps so small that nothing expires."""

        def found() -> str | None:
            self.clock.move(4)
            text = reply.text
            return text if all(word in text for word in words) else None

        return await eventually(found, lambda: f"{words} in {reply.edits}")


@cache
def shared_workers() -> MediaWorkers:
    """Media workers for all tests of the process, because starting a child takes longer than most tests."""
    workers = MediaWorkers()
    atexit.register(workers.close)
    return workers


class _LoadedOnce(Loader):
    """Loader of extensions that gives each bot of the process the same modules, and executes none again."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _COGS[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        pass


_COGS = {name: module for name, module in sys.modules.items() if name.startswith("cogs.")}


def build_staged(chosen: settings.Settings, **parts: Any) -> AbstractAsyncContextManager[App]:
    """Build the bot with the cogs and media workers of the last one."""
    # A bot that closes removes the modules of its cogs.
    sys.modules.update(_COGS)
    for module in _COGS.values():
        assert module.__spec__ is not None
        module.__spec__.loader = _LoadedOnce()
    return build_app(chosen, workers=shared_workers(), **parts)


FACE_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


@dataclass
class FirstStart:
    """What the first bot of the process left behind, with the settings of most tests."""

    database: bytes
    commands: list[dict[str, Any]]


async def first_start(*, saved_faces: bool = False) -> FirstStart:
    """Start a bot once, because migrating and translating everything takes longer than most tests.

    With saved faces, the commands have more options.
    """
    if saved_faces not in _started:
        with TemporaryDirectory() as folder:
            file = Path(folder) / "doppel.db"
            faces = {"key": FACE_KEY if saved_faces else None}
            async with build_staged(settings_for("http://127.0.0.1", file, faces=faces)) as app:
                env = simcord.Env(app.client, settle_timeout=PATIENCE)
                await env.start()
                registered = env.backend.commands[None].values()
                await env.shutdown()
            commands = [
                {field: command[field] for field in command.keys() - {"id", "application_id"}}
                for command in registered
            ]
            _started[saved_faces] = FirstStart(file.read_bytes(), commands)
    return _started[saved_faces]


_started: dict[bool, FirstStart] = {}


async def empty_database(*, saved_faces: bool = False) -> bytes:
    """Content of a migrated database, which knows that Discord has the commands."""
    return (await first_start(saved_faces=saved_faces)).database


async def simulated_discord(app: App) -> simcord.Env:
    """Connect the bot to a Discord that has the commands; with other settings it registers them anew."""
    env = simcord.Env(app.client, settle_timeout=PATIENCE)
    first = await first_start(saved_faces=app.client.orders.saved_faces.enabled)
    env.backend.register_commands(None, first.commands)
    await env.start()
    return env


def _write_if_missing(file: Path, content: bytes) -> None:
    if not file.exists():
        file.write_bytes(content)


@asynccontextmanager
async def staged(
    database: Path,
    segmind: LocalSegmind,
    clock: HeldClock,
    face_detector: FaceDetector | None = None,
    /,
    **sections: dict[str, Any],
) -> AsyncGenerator[Stage]:
    chosen = settings_for(segmind.url, database, **sections)
    if "url" not in sections.get("database", {}):
        _write_if_missing(database, await empty_database(saved_faces=bool(chosen.faces.keys)))
    async with build_staged(chosen, face_detector=face_detector) as app:
        env = await simulated_discord(app)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(env.shutdown)
            # A fixture is torn down in another context than it was set up in, so this one cannot stay open.
            with env.time_context():
                await stack.enter_async_context(app.running())
            guild = env.create_guild("Testers")
            channel = guild.create_text_channel("swaps")
            member = guild.add_member(env.create_user("alice"))
            yield Stage(env, app, segmind, clock, database, guild, channel, member)
