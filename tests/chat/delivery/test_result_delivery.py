"""Delivery through real discord.py: every error on every route, and what the simulated Discord then shows."""

import random
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from io import BytesIO
from itertools import product
from typing import Any

import aiohttp
import discord
import pytest
from discord import http
from PIL import Image
from structlog.testing import capture_logs

from bot.chat.background import Background
from bot.chat.delivery.batch_cards import BatchCards
from bot.chat.delivery.result_delivery import ResultDelivery
from bot.chat.delivery.result_file import Results
from bot.chat.messages import Messages
from bot.chat.orders.original_preview import OriginalPreviews
from bot.chat.routes import Route
from bot.chat.shared import Shared
from bot.chat.text import Text
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job, Place, Reason, State
from bot.jobs.service import new_id
from bot.ledger.account import account_of
from bot.ledger.server_rules import ServerRules
from bot.media.probe import inspect
from bot.media.types import Limits
from tests.clocks import HeldClock
from tests.discord.entities import DirectChannel
from tests.discord.faults import Dropped, ErrorReply, Fault
from tests.discord.messages import SLASH_ANSWER
from tests.discord.records import EPHEMERAL, Message
from tests.discord.requests import Call
from tests.discord.server import SmallDiscord
from tests.discord.user import new_interaction
from tests.harness import MODELS, plain_settings, shared_workers
from tests.jobs.orders import job
from tests.media import files
from tests.wording import wording

NOW = 1_800_000_000.0
CARDS = {slug: model.card for slug, model in MODELS.items()}
CONTENT = files.picture("PNG")
ENDPOINTS = {
    Route.WEBHOOK: "edit",
    Route.CHANNEL: "edit-in-channel",
    Route.REPLY: "send",
    Route.DIRECT: "send",
}
UNKNOWN_ORIGINAL = ErrorReply(400, 50035, "Invalid Form Body: message_reference: Unknown message")


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


@pytest.fixture
async def harness(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Harness]:
    async with SmallDiscord() as small:
        monkeypatch.setattr(http.Route, "BASE", small.api)
        async with discord.Client(intents=discord.Intents.none()) as client:
            await client.login(small.token)
            plain, text, clock, posts = plain_settings(), Text.load(), HeldClock(NOW), MemoryPosts()
            batch: list[Job] = []
            store: Any = OneBatch(batch)
            bot: Any = client
            shared = Shared(
                plain,
                bot,
                store,
                MODELS,
                CARDS,
                text,
                clock,
                Background(),
                Messages(client, clock, posts),
                message_for=str,
            )
            yield Harness(
                small,
                ResultDelivery(
                    shared,
                    Results(plain, CARDS, text, shared_workers()),
                    OriginalPreviews(text, clock),
                    BatchCards(shared),
                    no_strike,
                ),
                posts,
                batch,
            )
        assert small.violations == []


WEBHOOK, CHANNEL, REPLY, DIRECT = Route
KEPT, GONE = Delivery.KEPT, Delivery.GONE
GALLERY = 12
RAISED = "raised"

# Outcome of each code on each route when the following routes are open.
CODES: dict[Route, dict[tuple[int, int], str]] = {
    WEBHOOK: {
        (401, 50027): Delivery.EDITED,
        (404, 10015): Delivery.EDITED,
        (404, 10008): GONE,
        (404, 10003): GONE,
        (404, 10004): GONE,
        (403, 50001): Delivery.DIRECT,
        (403, 50013): Delivery.DIRECT,
        (400, 40005): Delivery.EDITED,
        (413, 0): Delivery.EDITED,
        (400, 50045): Delivery.EDITED,
        (400, 50035): KEPT,
        (400, 200000): KEPT,
        (400, 40004): RAISED,
    },
    CHANNEL: {
        (404, 10008): GONE,
        (404, 10003): GONE,
        (404, 10004): GONE,
        (403, 50001): Delivery.DIRECT,
        (403, 50013): Delivery.DIRECT,
        (403, 50005): Delivery.REPLIED,
        (400, 50083): Delivery.REPLIED,
        (400, 30046): Delivery.REPLIED,
        (413, 40005): Delivery.EDITED,
        (400, 50035): KEPT,
        (400, 20028): RAISED,
        (401, 0): RAISED,
        (403, 0): RAISED,
        (403, 40333): RAISED,
        (503, 0): RAISED,
    },
    REPLY: {
        (400, 50035): KEPT,
        (404, 10003): GONE,
        (404, 10008): GONE,
        (403, 50001): Delivery.DIRECT,
        (403, 50013): Delivery.DIRECT,
        (400, 160002): Delivery.DIRECT,
        (400, 160005): Delivery.DIRECT,
        (400, 50083): Delivery.DIRECT,
        (413, 40005): Delivery.REPLIED,
        (400, 240000): KEPT,
        (400, 40006): RAISED,
    },
    DIRECT: {
        (403, 50007): KEPT,
        (403, 50278): KEPT,
        (403, 50001): KEPT,
        (403, 20026): KEPT,
        (404, 10003): KEPT,
        (404, 10008): GONE,
        (404, 10013): GONE,
        (413, 40005): Delivery.DIRECT,
        (400, 40003): RAISED,
    },
}
# Errors on earlier routes that lead to a route.
BEFORE: dict[Route, list[tuple[Route, Fault]]] = {
    WEBHOOK: [],
    CHANNEL: [],
    REPLY: [(CHANNEL, ErrorReply(400, 50083))],
    DIRECT: [(CHANNEL, ErrorReply(403, 50001))],
}


@pytest.mark.parametrize(
    ("route", "status", "code", "expected"),
    [(route, *code, expected) for route, codes in CODES.items() for code, expected in codes.items()],
)
async def test_every_code_on_every_route_has_one_outcome(
    harness: Harness, route: Route, status: int, code: int, expected: str
) -> None:
    finished, message = harness.ordered(token=route is WEBHOOK)
    for earlier, fault in BEFORE[route]:
        harness.reject(earlier, fault)
    harness.reject(route, ErrorReply(status, code))
    if expected is RAISED:
        with pytest.raises(discord.HTTPException):
            await harness.result_delivery.deliver(finished, CONTENT)
        # The next attempt starts over and finds the route open.
        for earlier, fault in BEFORE[route]:
            harness.reject(earlier, fault)
        await harness.result_delivery.deliver(finished, CONTENT)
        assert len(harness.showing(message)) == 1
        return
    assert await harness.result_delivery.deliver(finished, CONTENT) == expected
    assert len(harness.showing(message)) == (0 if expected in {KEPT, GONE} else 1)


OPEN: Sequence[Fault] = ()
FAULTS: dict[Route, list[Sequence[Fault]]] = {
    route: [OPEN, *([ErrorReply(status, code)] * 4 for status, code in codes if status < 500)]
    for route, codes in CODES.items()
}
FAULTS[REPLY].append([UNKNOWN_ORIGINAL])
WALKS = random.Random(7).sample(list(product(*FAULTS.values())), 40)


async def test_any_sequence_of_errors_sends_at_most_one_message_and_keeps_hidden_results_private(
    harness: Harness,
) -> None:
    outcomes: set[str] = set()
    for hidden, token, faults in product((False, True), (False, True), WALKS):
        harness.discord.faults.clear()
        harness.discord.messages.unprompted.clear()
        finished, message = harness.ordered(hidden=hidden, token=token)
        for route, fault in zip(Route, faults, strict=True):
            harness.reject(route, *fault)
        try:
            outcome: str = await harness.result_delivery.deliver(finished, CONTENT)
        except discord.HTTPException:
            outcome = RAISED
        outcomes.add(outcome)
        shown = harness.showing(message)
        assert len(shown) == (0 if outcome in {KEPT, GONE, RAISED} else 1)
        public = [
            each
            for each in harness.discord.messages.unprompted
            if each.channel_id == finished.place.channel_id
        ]
        assert bool(public) == (outcome == Delivery.REPLIED)
        assert not (hidden and public)
    assert outcomes == {RAISED, *Delivery} - {Delivery.AWAITED}


@pytest.mark.parametrize("reason", [Reason.AWAITED, Reason.UNHEARD])
async def test_a_result_that_waits_for_a_moderator_is_announced_in_its_message_or_nowhere(
    harness: Harness, reason: Reason
) -> None:
    finished, message = harness.ordered(reason=reason)
    assert await harness.result_delivery.deliver(finished, None) == Delivery.AWAITED
    assert wording("state.awaited") in message.edits[-1].text
    harness.reject(WEBHOOK, ErrorReply(404, 10008))
    assert await harness.result_delivery.deliver(finished, None) == Delivery.AWAITED
    harness.reject(WEBHOOK, ErrorReply(400, 40004))
    with pytest.raises(discord.HTTPException):
        await harness.result_delivery.deliver(finished, None)
    assert harness.discord.messages.unprompted == []


@pytest.mark.parametrize("code", [10003, 10004])
async def test_a_deleted_channel_ends_the_delivery_of_a_hidden_result_too(
    harness: Harness, code: int
) -> None:
    finished, _ = harness.ordered(hidden=True)
    harness.reject(WEBHOOK, ErrorReply(404, code))
    assert await harness.result_delivery.deliver(finished, CONTENT) is GONE


async def test_a_deleted_message_gets_no_replacement(harness: Harness) -> None:
    for token in (True, False):
        finished, message = harness.ordered(token=token)
        message.deleted = True
        assert await harness.result_delivery.deliver(finished, CONTENT) is GONE
    assert harness.discord.messages.unprompted == []


async def test_no_reply_is_posted_to_a_message_that_was_deleted_meanwhile(harness: Harness) -> None:
    finished, message = harness.ordered(token=False)
    harness.reject(CHANNEL, ErrorReply(400, 50083))
    message.deleted = True
    assert await harness.result_delivery.deliver(finished, CONTENT) is GONE
    assert harness.discord.messages.unprompted == []


async def test_a_reply_says_for_whom_it_is_and_pings_nobody(harness: Harness) -> None:
    finished, message = harness.ordered(token=False)
    harness.reject(CHANNEL, ErrorReply(400, 30046))
    assert await harness.result_delivery.deliver(finished, CONTENT) is Delivery.REPLIED
    (reply,) = harness.showing(message)
    for words in (f"<@{finished.place.user_id}>", f"<t:{int(NOW)}:f>", "Face swap v5", "AI-generated"):
        assert words in reply.edits[-1].text
    assert reply.attachments[0].description == "AI-generated picture: face swap with Face swap v5"
    (call,) = harness.sent()
    assert call.body["allowed_mentions"] == {"parse": []}
    assert call.body["message_reference"]["message_id"] == finished.place.message_id


@pytest.mark.parametrize("token", [True, False])
async def test_a_hidden_result_goes_to_the_member_in_private(harness: Harness, token: bool) -> None:
    finished, message = harness.ordered(hidden=True, token=token)
    harness.reject(WEBHOOK, ErrorReply(401, 50027))
    assert await harness.result_delivery.deliver(finished, CONTENT) is Delivery.DIRECT
    (sent,) = harness.showing(message)
    assert sent.channel_id == harness.direct.id
    where = f"discord.com/channels/{finished.place.guild_id}/{finished.place.channel_id}/{message.id}"
    assert where in sent.edits[-1].text
    assert harness.sent("edit-in-channel") == []


async def test_a_hidden_reply_that_is_lost_while_its_token_is_valid_goes_to_the_member_too(
    harness: Harness,
) -> None:
    finished, message = harness.ordered(hidden=True)
    message.deleted = True
    assert await harness.result_delivery.deliver(finished, CONTENT) is Delivery.DIRECT


async def test_a_result_is_kept_for_a_member_with_closed_direct_messages_and_logged_once(
    harness: Harness,
) -> None:
    finished, _ = harness.ordered(token=False)
    harness.discord.guild.channel.open = False
    harness.direct.error_code = 50007
    with capture_logs() as lines:
        assert await harness.result_delivery.deliver(finished, CONTENT) is KEPT
    (line,) = lines
    assert (line["delivery"], line["errors"]) == ("kept", ["channel 403/50001", "direct 403/50007"])
    assert "files.example" not in str(line)


async def test_a_server_that_removed_the_bot_ends_the_delivery(harness: Harness) -> None:
    harness.discord.guild.joined = False
    for hidden in (True, False):
        finished, _ = harness.ordered(hidden=hidden, token=False)
        assert await harness.result_delivery.deliver(finished, CONTENT) is GONE
    assert harness.discord.messages.unprompted == []


async def test_a_failed_lookup_of_the_server_is_repeated(harness: Harness) -> None:
    finished, message = harness.ordered(hidden=True, token=False)
    harness.discord.faults.next("guild", ErrorReply(403, 0))
    with pytest.raises(discord.Forbidden):
        await harness.result_delivery.deliver(finished, CONTENT)
    assert await harness.result_delivery.deliver(finished, CONTENT) is Delivery.DIRECT
    assert len(harness.showing(message)) == 1


async def test_a_server_that_the_bot_was_never_in_does_not_end_the_delivery(harness: Harness) -> None:
    """The member installed the bot for themselves, so the order is on their own account."""
    harness.discord.guild.joined = False
    finished, message = harness.ordered(token=False)
    own = account_of(guild_id=None, user_id=finished.place.user_id)
    assert await harness.result_delivery.deliver(replace(finished, account=own), CONTENT) is Delivery.DIRECT
    assert len(harness.showing(message)) == 1


@pytest.mark.parametrize("code", [10003, 50001])
async def test_a_result_ordered_in_a_group_chat_goes_to_the_member(harness: Harness, code: int) -> None:
    """A user-installed bot cannot access the group chat."""
    finished, message = harness.ordered(token=False)
    finished = replace(finished, place=replace(finished.place, guild_id=None))
    own = account_of(guild_id=None, user_id=finished.place.user_id)
    harness.reject(CHANNEL, ErrorReply(404 if code == 10003 else 403, code))
    assert await harness.result_delivery.deliver(replace(finished, account=own), CONTENT) is Delivery.DIRECT
    (sent,) = harness.showing(message)
    assert f"discord.com/channels/@me/{finished.place.channel_id}/{message.id}" in sent.edits[-1].text


@pytest.mark.parametrize("state", [State.FAILED, State.BLOCKED, State.EXPIRED])
async def test_a_failure_takes_the_next_route_too(harness: Harness, state: State) -> None:
    finished, _ = harness.ordered(token=False, state=state, reason=Reason.SEGMIND)
    harness.discord.guild.channel.open = False
    assert await harness.result_delivery.deliver(finished, None) is Delivery.DIRECT
    assert "Nothing was charged" in harness.discord.messages.unprompted[0].edits[-1].text


async def test_a_member_who_cancelled_gets_no_new_message(harness: Harness) -> None:
    for fault in (ErrorReply(403, 50001), ErrorReply(400, 50083)):
        finished, _ = harness.ordered(token=False, state=State.CANCELLED)
        harness.reject(CHANNEL, fault)
        assert await harness.result_delivery.deliver(finished, None) is KEPT
    assert harness.sent() == []


@pytest.mark.parametrize(("code", "delivery"), [(50083, Delivery.REPLIED), (50001, Delivery.DIRECT)])
async def test_a_delivery_repeated_after_a_crash_sends_no_second_message(
    harness: Harness, code: int, delivery: Delivery
) -> None:
    finished, message = harness.ordered(token=False)
    harness.reject(CHANNEL, ErrorReply(400, code), ErrorReply(400, code))
    for _ in range(2):
        assert await harness.result_delivery.deliver(finished, CONTENT) is delivery
    assert len(harness.showing(message)) == 1
    first, second = harness.sent()
    assert (first.body["nonce"], first.body["enforce_nonce"]) == (finished.id, True)
    assert second.body["nonce"] == finished.id
    # Discord rejects longer nonces.
    assert len(finished.id) <= 25


@pytest.mark.parametrize(("code", "delivery"), [(50083, Delivery.REPLIED), (50001, Delivery.DIRECT)])
async def test_a_recorded_message_is_edited_long_after_discord_forgot_its_nonce(
    harness: Harness, code: int, delivery: Delivery
) -> None:
    harness.posts.keeps = True
    finished, message = harness.ordered(token=False)
    for _ in range(2):
        harness.reject(CHANNEL, ErrorReply(400, code))
        assert await harness.result_delivery.deliver(finished, CONTENT) is delivery
        vars(harness.discord.messages)["_by_nonce"].clear()
    assert len(harness.sent()) == 1
    (shown,) = harness.showing(message)
    assert len(shown.edits) > 1
    shown.deleted = True
    harness.reject(CHANNEL, ErrorReply(400, code))
    assert await harness.result_delivery.deliver(finished, CONTENT) is GONE
    assert len(harness.sent()) == 1


async def test_a_message_whose_response_was_lost_is_not_sent_twice(harness: Harness) -> None:
    finished, message = harness.ordered(hidden=True, token=False)
    harness.reject(DIRECT, Dropped(after=True))
    with pytest.raises(aiohttp.ClientError):
        await harness.result_delivery.deliver(finished, CONTENT)
    assert await harness.result_delivery.deliver(finished, CONTENT) is Delivery.DIRECT
    assert len(harness.showing(message)) == 1


async def test_a_message_that_was_deleted_before_it_was_recorded_stays_deleted(harness: Harness) -> None:
    finished, message = harness.ordered(hidden=True, token=False)
    await harness.result_delivery.deliver(finished, CONTENT)
    harness.discord.messages.unprompted[0].deleted = True
    assert await harness.result_delivery.deliver(finished, CONTENT) is GONE
    assert harness.showing(message) == []


def galleries(call: Call) -> list[list[str]]:
    """Return the URLs in each gallery of a sent message."""
    (box,) = call.body["components"]
    found = [each["items"] for each in box["components"] if each["type"] == GALLERY]
    return [[item["media"]["url"].partition("?")[0] for item in items] for items in found]


@pytest.mark.parametrize(
    ("address", "is_shown"),
    [
        ("https://cdn.discordapp.com/ephemeral-attachments/1/b.png?ex=ffffffff&is=1&hm=2", True),
        ("https://images.segmind.com/assets/b.png", True),
        ("https://cdn.discordapp.com/ephemeral-attachments/1/b.png?ex=60000000&is=1&hm=2", False),
        ("https://cdn.discordapp.com/ephemeral-attachments/1/b.png?ex=soon", False),
        ("http://images.segmind.com/assets/b.png", False),
        ("https://segmind.com.example/b.png", False),
        ("https://files.example/b.png", False),
        ("data:image/png;base64,AAAA", False),
    ],
)
async def test_the_original_is_shown_beside_the_result_if_its_url_is_trusted_and_not_expired(
    harness: Harness, address: str, is_shown: bool
) -> None:
    body = {"source_image": "https://files.example/a.png", "target_image": address}
    finished, _ = harness.ordered(body=body)
    assert await harness.result_delivery.deliver(finished, CONTENT) is Delivery.EDITED
    (call,) = harness.sent("edit")
    result = f"attachment://faceswap-v5-{finished.id}.png"
    assert galleries(call) == [[address.partition("?")[0], result] if is_shown else [result]]


@pytest.mark.parametrize("token", [True, False])
async def test_a_rejected_preview_does_not_cost_the_result(harness: Harness, token: bool) -> None:
    body = {**job().body, "target_image": "https://images.segmind.com/assets/b.png"}
    finished, message = harness.ordered(token=token, body=body)
    harness.reject(WEBHOOK if token else CHANNEL, ErrorReply(400, 50035, "Invalid Form Body"))
    assert await harness.result_delivery.deliver(finished, CONTENT) is Delivery.EDITED
    _, call = harness.sent("edit" if token else "edit-in-channel")
    assert len(galleries(call)[0]) == 1
    assert len(harness.showing(message)) == 1


def in_private(harness: Harness, **options: bool) -> tuple[Job, Message]:
    finished, message = harness.ordered()
    return replace(finished, place=replace(finished.place, direct=True, **options)), message


async def test_a_private_result_is_sent_once_however_often_the_channel_is_tried(
    harness: Harness,
) -> None:
    finished, message = in_private(harness)
    for _ in range(3):
        harness.reject(WEBHOOK, ErrorReply(400, 40004))
        with pytest.raises(discord.HTTPException):
            await harness.result_delivery.deliver(finished, CONTENT)
    assert await harness.result_delivery.deliver(finished, CONTENT) is Delivery.DIRECT
    (_,) = harness.sent()
    assert message.attachments == []
    assert "Sent privately" in message.edits[-1].text


@pytest.mark.parametrize("code", [10008, 50001])
async def test_a_private_result_is_delivered_whatever_happened_to_the_channel(
    harness: Harness, code: int
) -> None:
    finished, _ = in_private(harness)
    harness.reject(WEBHOOK, ErrorReply(404, code))
    with capture_logs() as lines:
        assert await harness.result_delivery.deliver(finished, CONTENT) is Delivery.DIRECT
    assert [line["log_level"] for line in lines] == ["info"]


async def test_closed_direct_messages_are_reported_in_the_channel_without_the_result(
    harness: Harness,
) -> None:
    for hidden, delivery in ((False, KEPT), (True, Delivery.EDITED)):
        finished, message = in_private(harness, hidden=hidden)
        harness.direct.error_code = 50007
        assert await harness.result_delivery.deliver(finished, CONTENT) is delivery
        assert len(message.attachments) == hidden
        assert (wording("end.not_sent") in message.edits[-1].text) != hidden
        assert "files.example" not in message.edits[-1].text


async def test_a_result_that_is_too_large_for_direct_messages_is_made_to_fit_there(harness: Harness) -> None:
    finished, _ = in_private(harness)
    harness.reject(DIRECT, ErrorReply(413, 40005))
    assert await harness.result_delivery.deliver(finished, files.picture("PNG", 512, 384)) is Delivery.DIRECT
    first, second = harness.sent()
    assert len(second.files["files[0]"].content) < len(first.files["files[0]"].content)


def alpha() -> bytes:
    image = files.noise(512, 384)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return files.saved(image, "PNG")


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (partial(files.picture, "PNG", 512, 384), "image/jpeg"),
        (alpha, "image/webp"),
        (partial(files.video, width=320, height=240, frames=24, rate=12, sound="aac"), "video/mp4"),
    ],
    ids=["picture", "alpha", "video"],
)
async def test_a_result_that_is_too_large_for_the_channel_is_made_to_fit(
    harness: Harness, make: Callable[[], bytes], found: str
) -> None:
    """The interaction reported a higher limit than the channel has."""
    content = make()
    harness.discord.messages.upload_limit = len(content) * 6 // 10
    finished, message = harness.ordered(token=False)
    assert await harness.result_delivery.deliver(finished, content) is Delivery.EDITED
    (attachment,) = message.attachments
    media = inspect(attachment.content, Limits())
    before = inspect(content, Limits())
    assert len(attachment.content) <= harness.discord.messages.upload_limit
    assert media.media_type == found
    assert media.width / media.height == pytest.approx(before.width / before.height, rel=0.02)
    assert media.seconds == (None if before.seconds is None else pytest.approx(before.seconds, abs=0.1))
    if found == "image/webp":
        with Image.open(BytesIO(attachment.content)) as image:
            assert image.getchannel("A").getextrema() == (0, 255)


async def test_a_result_that_fits_in_no_size_is_given_as_a_link_with_its_expiry(harness: Harness) -> None:
    harness.discord.messages.upload_limit = 100
    finished, message = harness.ordered()
    assert await harness.result_delivery.deliver(finished, files.picture("PNG", 512, 384)) is Delivery.EDITED
    assert len(harness.sent("edit")) == 3
    assert message.attachments == []
    text = message.edits[-1].text
    assert "https://files.example/result.png" in text
    assert f"<t:{int(NOW) + 7 * 24 * 3600}:f>" in text


async def test_a_smaller_file_stays_smaller_on_the_next_route(harness: Harness) -> None:
    finished, message = harness.ordered(token=False)
    harness.reject(CHANNEL, ErrorReply(413, 40005), ErrorReply(400, 50083))
    assert await harness.result_delivery.deliver(finished, CONTENT) is Delivery.REPLIED
    (reply,) = harness.showing(message)
    assert len(reply.attachments[0].content) <= len(CONTENT) / 2


# Batches


def batch_of(harness: Harness, **facts: Any) -> tuple[Sequence[Job], Message]:
    """Return two finished jobs with one message."""
    one, message = harness.ordered(**facts)
    ids = sorted([one.id, new_id(NOW)])
    harness.batch += [replace(one, id=job_id, batch=ids[0]) for job_id in ids]
    return harness.batch, message


@pytest.mark.parametrize("token", [True, False])
async def test_a_batch_adds_each_result_to_the_files_of_one_message(harness: Harness, token: bool) -> None:
    jobs, message = batch_of(harness, token=token)
    # The last delivery stands for one that is repeated after a crash.
    for finished in (*jobs, jobs[0]):
        assert await harness.result_delivery.deliver(finished, CONTENT) is Delivery.EDITED
    names = {f"{finished.slug}-{finished.id}.png" for finished in jobs}
    assert len(message.attachments) == len(names)
    assert {each.filename for each in message.attachments} == names
    assert "2 of 2 done" in message.edits[-1].text
    assert harness.sent() == []


async def test_a_result_that_its_batch_cannot_show_any_more_goes_to_the_member_alone(
    harness: Harness,
) -> None:
    jobs, message = batch_of(harness, hidden=True, token=False)
    assert await harness.result_delivery.deliver(jobs[0], CONTENT) is Delivery.DIRECT
    assert message.edits == []
    (sent,) = harness.sent()
    assert jobs[0].id in str(sent.body)


async def test_a_result_that_is_too_large_for_the_card_of_its_batch_is_made_to_fit(harness: Harness) -> None:
    jobs, message = batch_of(harness)
    harness.reject(Route.WEBHOOK, ErrorReply(413, 40005))
    for finished in jobs:
        assert await harness.result_delivery.deliver(finished, CONTENT) is Delivery.EDITED
    assert len(message.attachments) == 2


async def test_a_batch_whose_message_was_deleted_is_shown_nowhere(harness: Harness) -> None:
    jobs, _ = batch_of(harness)
    harness.reject(Route.WEBHOOK, ErrorReply(404, 10008))
    assert await harness.result_delivery.deliver(jobs[0], CONTENT) is Delivery.GONE
    assert harness.sent() == []
