"""Everything that a bot needs to run: a Discord, a Segmind with a held clock, and a folder."""

import sqlite3
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.clock import WallClock
from bot.jobs.job import State
from bot.ledger.account import account_of
from bot.sandbox.segmind import LocalSegmind
from bot.store import SqlStore
from tests.clocks import HeldClock
from tests.discord.entities import Member
from tests.discord.program import Launch, Program, forked_program
from tests.discord.requests import Call
from tests.discord.server import SmallDiscord
from tests.discord.user import Reply
from tests.harness import MODELS
from tests.media.files import picture

KEY = "key-of-the-tests-0123456789"
SLUG = "faceswap-v5"
SECONDS = MODELS[SLUG].card.seconds
START = 100


@dataclass
class Environment:
    """Services, clock and folder of one test."""

    discord: SmallDiscord
    segmind: LocalSegmind
    clock: HeldClock
    folder: Path
    launch: Launch = forked_program

    @property
    def database(self) -> Path:
        return self.folder / "doppel.db"

    def bot(self, command: str = "run", **changes: str) -> AbstractAsyncContextManager[Program]:
        """Start the bot with changed environment variables; an empty value removes a setting."""
        return self.launch(command, cwd=self.folder, environment=self.variables | changes)

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables of the bot."""
        return {
            "DISCORD_TOKEN": self.discord.token,
            "DOPPEL_DISCORD_API": self.discord.api,
            "DOPPEL_DISCORD_GATEWAY": self.discord.gateway_url,
            "DOPPEL_DISCORD__EDIT_GAP": "0",
            "SEGMIND_API_KEY": KEY,
            "SEGMIND_BASE_URL": self.segmind.url,
            "DOPPEL_SEGMIND__UNKNOWN_EVERY": "0.05",
            # The tests poll far more often than a real key allows.
            "DOPPEL_SEGMIND__REQUESTS_PER_MINUTE": "1000000",
            "DATABASE_URL": f"sqlite:///{self.database}",
            "DOPPEL_CREDITS__DAILY": "0",
            "DOPPEL_CREDITS__START": str(START),
            "DOPPEL_CONSENT__REQUIRED": "false",
            "DOPPEL_CARD__BEFORE_AND_AFTER": "false",
            # What these do with pictures has tests of its own, and takes half of an order's processor time.
            "DOPPEL_SAFETY__EXPLICIT": "off",
            "DOPPEL_MARKS__WATERMARK": "false",
            "DOPPEL_MARKS__LABEL": "false",
            "DOPPEL_JOBS__PACE": "0.01",
            "DOPPEL_JOBS__LINE_REFRESH": "0.05",
        }

    async def order(self, *, member: Member | None = None, **options: Any) -> Reply:
        files: dict[str, Any] = {name: ("a.png", picture("PNG")) for name in ("source_image", "target_image")}
        return await self.discord.slash(SLUG, member=member, **files | options)

    async def finish(self, *replies: Reply) -> None:
        """Advance Segmind's time until these orders are completed."""
        for reply in replies:
            await reply.wait_for("Queued")
        self.clock.move(SECONDS * 0.5)
        for reply in replies:
            await reply.wait_for("Processing")
        self.clock.move(SECONDS)
        for reply in replies:
            await reply.wait_for("Completed")

    def row(self, reply: Reply) -> tuple[str, State]:
        """Return id and state of the reply's job from the database."""
        with closing(sqlite3.connect(self.database)) as database:
            found = database.execute("SELECT id, state FROM jobs WHERE message_id = ?", [reply.id])
            ((job_id, state),) = found.fetchall()
        return job_id, State(state)

    def nonce(self, reply: Reply) -> str:
        """Return the nonce of the reply's job."""
        with closing(sqlite3.connect(self.database)) as database:
            ((nonce,),) = database.execute("SELECT nonce FROM jobs WHERE message_id = ?", [reply.id])
        return nonce

    async def balance(self) -> tuple[int, int]:
        """Return free and held credits after the bot has stopped, and check the ledger."""
        url = f"sqlite:///{self.database}"
        async with SqlStore(url, start=START, clock=WallClock()) as store:
            assert await store.discrepancies() == []
            member = account_of(guild_id=self.discord.guild.id, user_id=self.discord.member.id)
            balance = await store.balance(member)
            return balance.free, balance.held

    def result_edits(self, reply: Reply) -> list[Call]:
        """Return all calls that tried to show the reply's result."""
        calls = self.discord.calls("edit")
        return [call for call in calls if reply.token in call.path and "Completed" in call.text]
