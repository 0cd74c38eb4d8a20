"""The bot as its operator runs it: a process, killed and started again, on a small Discord of real sockets."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.clock import WallClock
from bot.credits.account import Balance, account_of
from bot.sandbox.segmind import LocalSegmind
from bot.store import SqlStore
from tests.clocks import HeldClock
from tests.discord.program import Program, program
from tests.discord.user import Reply
from tests.discord.world import SmallDiscord
from tests.documented import PRICES
from tests.media.files import picture
from tests.stage import MODELS, local_segmind

KEY = "key-of-the-tests-0123456789"
SLUG = "faceswap-v5"
SECONDS = MODELS[SLUG].card.seconds
START = 100


@dataclass
class Town:
    """A Discord, a Segmind whose time stands still, and a folder for the bot."""

    discord: SmallDiscord
    segmind: LocalSegmind
    clock: HeldClock
    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "doppel.db"

    def bot(self, command: str = "run", **changes: str) -> AbstractAsyncContextManager[Program]:
        """Start the bot; `changes` to the environment win, and an empty one takes a setting away."""
        return program(command, cwd=self.folder, environment=self.environment | changes)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DISCORD_TOKEN": self.discord.token,
            "DOPPEL_DISCORD_API": self.discord.api,
            "DOPPEL_DISCORD_GATEWAY": self.discord.gateway_url,
            "DOPPEL_DISCORD__EDIT_GAP": "0",
            "SEGMIND_API_KEY": KEY,
            "SEGMIND_BASE_URL": self.segmind.url,
            "DOPPEL_SEGMIND__UNKNOWN_EVERY": "0.05",
            "DATABASE_URL": f"sqlite:///{self.database}",
            "DOPPEL_JOBS__PACE": "0.01",
            "DOPPEL_JOBS__LINE_REFRESH": "0.05",
        }

    async def order(self, **options: Any) -> Reply:
        files = {name: ("a.png", picture("PNG")) for name in ("source_image", "target_image")}
        return await self.discord.slash(SLUG, **files | options)

    async def finish(self, *replies: Reply) -> None:
        """Segmind's time passes until these are done."""
        for reply in replies:
            await reply.says("Queued")
        self.clock.move(SECONDS * 0.5)
        for reply in replies:
            await reply.says("Processing")
        self.clock.move(SECONDS)
        for reply in replies:
            await reply.says("Completed")

    async def balance(self) -> Balance:
        """What the member has, once the bot has let go of its database and its books are found in order."""
        url = f"sqlite+aiosqlite:///{self.database}"
        async with SqlStore(url, start=START, clock=WallClock()) as store:
            assert await store.audit() == []
            return await store.balance(
                account_of(guild_id=self.discord.guild.id, user_id=self.discord.member.id)
            )


@pytest.fixture
async def town(tmp_path: Path) -> AsyncGenerator[Town]:
    clock = HeldClock()
    async with local_segmind(clock, key=KEY) as segmind, SmallDiscord() as discord:
        yield Town(discord, segmind, clock, tmp_path)
        assert discord.violations == []


def shown(reply: Reply) -> list[str]:
    """The first word of each state that the reply has shown."""
    words = ("Waiting", "Queued", "Processing", "Completed", "Checking", "Trying again", "Failed", "Lost")
    return [next(word for word in words if word in text) for text in reply.texts]


async def test_an_order_is_followed_to_its_picture_and_sigterm_ends_the_bot(town: Town) -> None:
    async with town.bot() as bot:
        await town.discord.online()
        assert set(town.discord.commands) == set(MODELS)
        reply = await town.order()
        await town.finish(reply)
        assert shown(reply) == ["Queued", "Processing", "Completed"]
        (attachment,) = reply.attachments
        assert "AI-generated" in (attachment.description or "")
        assert attachment.content.startswith(b"\x89PNG")
        assert await bot.terminate(patience=10) == 0
        assert "Traceback" not in bot.output
    assert await town.balance() == Balance(START - PRICES[SLUG], 0)


async def test_a_second_start_tells_discord_of_no_commands(town: Town) -> None:
    for _ in range(2):
        async with town.bot() as bot:
            await town.discord.online()
            assert await bot.terminate() == 0
    (told,) = town.discord.calls("register")
    assert {command["name"] for command in told.body} == set(MODELS)


async def test_a_job_that_segmind_has_is_finished_after_a_kill_on_the_same_message(town: Town) -> None:
    async with town.bot() as bot:
        await town.discord.online()
        reply = await town.order()
        await reply.says("Queued")
        await bot.kill()
    async with town.bot() as bot:
        await town.discord.online()
        await town.finish(reply)
        assert await bot.terminate() == 0
    assert {edit.way for edit in reply.edits} == {"token"}
    assert len(reply.attachments) == 1
    assert len(town.segmind.submissions) == len(town.segmind.billed) == 1
    assert await town.balance() == Balance(START - PRICES[SLUG], 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"DISCORD_TOKEN": ""}, "there is no token for Discord"),
        ({"SEGMIND_API_KEY": ""}, "there is no key for Segmind"),
        ({"DOPPEL_JOBS__PER_MEMBER": "many"}, "DOPPEL_JOBS__PER_MEMBER is 'many'"),
        ({"DOPPEL_JOBS__PER_MEMBERS": "3"}, "did you mean DOPPEL_JOBS__PER_MEMBER?"),
        ({"DISCORD_TOKEN": "another.token.than-the-right-one"}, "does not accept the token"),
        ({"DOPPEL_DISCORD_API": "http://127.0.0.1:9/api/v10"}, "Discord cannot be reached"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_what_cannot_work_is_refused_with_one_sentence(
    town: Town, change: dict[str, str], words: str
) -> None:
    async with town.bot(**change) as bot:
        assert await bot.end() == 1
    told = [line for line in bot.output.splitlines() if line.startswith("doppel: ")]
    assert len(told) == 1
    assert words in told[0]
    assert "Traceback" not in bot.output


async def test_a_second_process_on_the_same_file_is_refused(town: Town) -> None:
    async with town.bot() as first:
        await town.discord.online()
        async with town.bot() as second:
            assert await second.end() == 1
        assert second.output == f"doppel: another process has {town.database} open.\n"
        await town.finish(await town.order())
        assert await first.terminate() == 0
