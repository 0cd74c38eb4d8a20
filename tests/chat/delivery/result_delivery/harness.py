"""Delivery through real discord.py, against a small Discord on sockets."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.chat.delivery.result_delivery import ResultDelivery
from bot.chat.routes import Route
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job, Place, State
from bot.jobs.service import new_id
from bot.ledger.account import account_of
from bot.ledger.server_rules import ServerRules
from tests.discord.entities import DirectChannel
from tests.discord.faults import Fault
from tests.discord.messages import SLASH_ANSWER
from tests.discord.records import EPHEMERAL, Message
from tests.discord.requests import Call
from tests.discord.server import SmallDiscord
from tests.discord.user import new_interaction
from tests.harness import MODELS
from tests.jobs.orders import job
from tests.media import files

NOW = 1_800_000_000.0
CARDS = {slug: model.card for slug, model in MODELS.items()}
CONTENT = files.picture("PNG")
ENDPOINTS = {
    Route.WEBHOOK: "edit",
    Route.CHANNEL: "edit-in-channel",
    Route.REPLY: "send",
    Route.DIRECT: "send",
}


@dataclass
class MemoryPosts:
    """Record of the sent messages; the bot is killed before each record unless it `keeps` them."""

    keeps: bool = False
    rows: list[tuple[str, int, int]] = field(default_factory=list[tuple[str, int, int]])

    async def keep_post(self, job_id: str, channel_id: int, message_id: int) -> None:
        if self.keeps:
            self.rows.append((job_id, channel_id, message_id))

    async def posts_of(self, job_id: str) -> Sequence[tuple[int, int]]:
        return [row[1:] for row in self.rows if row[0] == job_id]


@dataclass
class Harness:
    """Channel with a bot that is logged in but not connected, as right after a start."""

    discord: SmallDiscord
    result_delivery: ResultDelivery
    posts: MemoryPosts
    batch: list[Job]

    def ordered(self, *, hidden: bool = False, token: bool = True, **facts: Any) -> tuple[Job, Message]:
        """Return a finished job and the message that waits for its result."""
        guild, member, messages = self.discord.guild, self.discord.member, self.discord.messages
        interaction = new_interaction("swap", guild_id=guild.id, channel_id=guild.channel.id, seconds=900)
        messages.interactions[interaction.token] = interaction
        message = messages.new_reply(interaction, SLASH_ANSWER, EPHEMERAL if hidden else 0)
        interaction.message = message
        place = Place(
            user_id=member.id,
            channel_id=guild.channel.id,
            message_id=message.id,
            application_id=self.discord.app.id,
            token=interaction.token,
            token_until=NOW + 60 if token else NOW,
            guild_id=guild.id,
            hidden=hidden,
        )
        plain = job(
            new_id(NOW),
            state=State.DONE,
            created_at=NOW,
            submitted_at=NOW,
            settled_at=NOW + 9,
            output="https://files.example/result.png",
        )
        account = account_of(guild_id=guild.id, user_id=member.id)
        return replace(plain, account=account, place=place, **facts), message

    def reject(self, route: Route, *faults: Fault) -> None:
        channel = {Route.REPLY: self.discord.guild.channel.id, Route.DIRECT: self.direct.id}.get(route)
        words = [] if channel is None else [f"/channels/{channel}/messages"]
        self.discord.faults.next(ENDPOINTS[route], *faults, about=words)

    @property
    def direct(self) -> DirectChannel:
        """Direct messages with the member."""
        member = self.discord.member
        return self.discord.messages.direct.setdefault(member.id, DirectChannel(member))

    def showing(self, message: Message) -> list[Message]:
        """Return every message that shows the result to somebody."""
        messages = [each for each in (message, *self.discord.messages.unprompted) if not each.deleted]
        return [each for each in messages if each.edits and "Completed" in each.edits[-1].text]

    def sent(self, endpoint: str = "send") -> list[Call]:
        return self.discord.calls(endpoint)


@dataclass
class OneBatch:
    """Database with one batch, and servers without rules of their own."""

    jobs: list[Job]

    async def find_batch(self, batch: str) -> Sequence[Job]:
        del batch
        return self.jobs

    async def rules(self, guild_id: int) -> ServerRules:
        del guild_id
        return ServerRules()


async def no_strike(job: Job) -> None:
    del job


WEBHOOK, CHANNEL, REPLY, DIRECT = Route
KEPT, GONE = Delivery.KEPT, Delivery.GONE
GALLERY = 12


def galleries(call: Call) -> list[list[str]]:
    """Return the URLs in each gallery of a sent message."""
    (box,) = call.body["components"]
    found = [each["items"] for each in box["components"] if each["type"] == GALLERY]
    return [[item["media"]["url"].partition("?")[0] for item in items] for items in found]
