"""The end of a job by real discord.py: every refusal on every way, and what the small Discord shows of it."""

import random
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import product
from typing import Any

import aiohttp
import discord
import pytest
from PIL import Image
from structlog.testing import capture_logs

from bot.chat.delivery.result_delivery import ResultDelivery
from bot.chat.delivery.result_file import Results
from bot.chat.messages import Messages
from bot.chat.orders.original_preview import OriginalPreviews
from bot.chat.routes import Route
from bot.chat.text import Text
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job, Place, Reason, State
from bot.jobs.service import new_id
from bot.ledger.account import account_of
from bot.media.probe import Limits, inspect
from tests.clocks import HeldClock
from tests.discord.entities import DirectChannel
from tests.discord.faults import Dropped, Fault, ErrorReply
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
UNKNOWN_ORIGINAL = ErrorReply(400, 50035, "Invalid Form Body: message_reference: Unknown message")


@dataclass
class Room:
    """One channel, and a bot in it that is logged in and not connected, as at the start of a run."""

    discord: SmallDiscord
    result_delivery: ResultDelivery

    def ordered(self, *, hidden: bool = False, token: bool = True, **facts: Any) -> tuple[Job, Message]:
        """A job that is done, and the message that waits for its end."""
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

    def refuse(self, way: Route, *faults: Fault) -> None:
        channel = {Route.REPLY: self.discord.guild.channel.id, Route.DIRECT: self.direct.id}.get(way)
        words = [] if channel is None else [f"/channels/{channel}/messages"]
        self.discord.faults.next(ENDPOINTS[way], *faults, about=words)

    @property
    def direct(self) -> DirectChannel:
        """The private channel with the member."""
        member = self.discord.member
        return self.discord.messages.direct.setdefault(member.id, DirectChannel(member))

    def seen(self, message: Message) -> list[Message]:
        """Every message that shows the end to somebody."""
        there = [each for each in (message, *self.discord.messages.unprompted) if not each.deleted]
        return [each for each in there if each.edits and "Completed" in each.edits[-1].text]

    def sent(self, endpoint: str = "send") -> list[Call]:
        return self.discord.calls(endpoint)


@pytest.fixture
async def room(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Room]:
    async with SmallDiscord() as small:
        monkeypatch.setattr(Route, "BASE", small.api)
        async with discord.Client(intents=discord.Intents.none()) as client:
            await client.login(small.token)
            text = Text.load()
            messages = Messages(client, HeldClock(NOW))
            yield Room(
                small,
                ResultDelivery(
                    messages=messages,
                    results=Results(CARDS, text),
                    models=MODELS,
                    text=text,
                    original_previews=OriginalPreviews(text, HeldClock(NOW), Limits()),
                ),
            )
        assert small.violations == []


WEBHOOK, CHANNEL, REPLY, DIRECT = Route
KEPT, GONE = Delivery.KEPT, Delivery.GONE
GALLERY = 12
AWAY = "raised"

# What each code comes to on each way, when the ways after it are open.
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
        (400, 40004): AWAY,
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
        (400, 20028): AWAY,
        (401, 0): AWAY,
        (403, 0): AWAY,
        (403, 40333): AWAY,
        (503, 0): AWAY,
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
        (400, 40006): AWAY,
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
        (400, 40003): AWAY,
    },
}
# How it comes about that a way is tried at all.
BEFORE: dict[Route, list[tuple[Route, Fault]]] = {
    WEBHOOK: [],
    CHANNEL: [],
    REPLY: [(CHANNEL, ErrorReply(400, 50083))],
    DIRECT: [(CHANNEL, ErrorReply(403, 50001))],
}


@pytest.mark.parametrize(
    ("way", "status", "code", "expected"),
    [(way, *code, expected) for way, codes in CODES.items() for code, expected in codes.items()],
)
async def test_every_code_on_every_way_has_one_outcome(
    room: Room, way: Route, status: int, code: int, expected: str
) -> None:
    ended, message = room.ordered(token=way is WEBHOOK)
    for earlier, fault in BEFORE[way]:
        room.refuse(earlier, fault)
    room.refuse(way, ErrorReply(status, code))
    if expected is AWAY:
        with pytest.raises(discord.HTTPException):
            await room.result_delivery.deliver(ended, CONTENT)
        # The next try begins anew and finds the way open.
        for earlier, fault in BEFORE[way]:
            room.refuse(earlier, fault)
        await room.result_delivery.deliver(ended, CONTENT)
        assert len(room.seen(message)) == 1
        return
    assert await room.result_delivery.deliver(ended, CONTENT) == expected
    assert len(room.seen(message)) == (0 if expected in {KEPT, GONE} else 1)


OPEN: Sequence[Fault] = ()
FAULTS: dict[Route, list[Sequence[Fault]]] = {
    way: [OPEN, *([ErrorReply(status, code)] * 4 for status, code in codes if status < 500)]
    for way, codes in CODES.items()
}
FAULTS[REPLY].append([UNKNOWN_ORIGINAL])
WALKS = random.Random(7).sample(list(product(*FAULTS.values())), 40)


async def test_however_it_goes_there_is_one_outcome_and_at_most_one_message_and_private_stays_private(
    room: Room,
) -> None:
    outcomes: set[str] = set()
    for hidden, token, faults in product((False, True), (False, True), WALKS):
        room.discord.faults.clear()
        room.discord.messages.unprompted.clear()
        ended, message = room.ordered(hidden=hidden, token=token)
        for way, fault in zip(Route, faults, strict=True):
            room.refuse(way, *fault)
        try:
            outcome: str = await room.result_delivery.deliver(ended, CONTENT)
        except discord.HTTPException:
            outcome = AWAY
        outcomes.add(outcome)
        seen = room.seen(message)
        assert len(seen) == (0 if outcome in {KEPT, GONE, AWAY} else 1)
        public = [each for each in room.discord.messages.unprompted if each.channel_id == ended.place.channel_id]
        assert bool(public) == (outcome == Delivery.REPLIED)
        assert not (hidden and public)
    assert outcomes == {AWAY, *Delivery} - {Delivery.AWAITED}


@pytest.mark.parametrize("reason", [Reason.AWAITED, Reason.UNHEARD])
async def test_what_waits_for_a_moderator_is_said_in_its_message_or_nowhere(
    room: Room, reason: Reason
) -> None:
    ended, message = room.ordered(reason=reason)
    assert await room.result_delivery.deliver(ended, None) == Delivery.AWAITED
    assert "Waits for a moderator" in message.edits[-1].text
    room.refuse(WEBHOOK, ErrorReply(404, 10008))
    assert await room.result_delivery.deliver(ended, None) == Delivery.AWAITED
    room.refuse(WEBHOOK, ErrorReply(400, 40004))
    with pytest.raises(discord.HTTPException):
        await room.result_delivery.deliver(ended, None)
    assert room.discord.messages.unprompted == []


@pytest.mark.parametrize("code", [10003, 10004])
async def test_a_place_that_is_gone_is_gone_for_what_was_private_too(room: Room, code: int) -> None:
    ended, _ = room.ordered(hidden=True)
    room.refuse(WEBHOOK, ErrorReply(404, code))
    assert await room.result_delivery.deliver(ended, CONTENT) is GONE


async def test_a_deleted_message_is_mourned_by_nobody(room: Room) -> None:
    for token in (True, False):
        ended, message = room.ordered(token=token)
        message.deleted = True
        assert await room.result_delivery.deliver(ended, CONTENT) is GONE
    assert room.discord.messages.unprompted == []


async def test_a_reply_to_a_message_that_was_deleted_meanwhile_is_not_posted(room: Room) -> None:
    ended, message = room.ordered(token=False)
    room.refuse(CHANNEL, ErrorReply(400, 50083))
    message.deleted = True
    assert await room.result_delivery.deliver(ended, CONTENT) is GONE
    assert room.discord.messages.unprompted == []


async def test_a_reply_says_for_whom_and_what_it_is_and_calls_nobody(room: Room) -> None:
    ended, message = room.ordered(token=False)
    room.refuse(CHANNEL, ErrorReply(400, 30046))
    assert await room.result_delivery.deliver(ended, CONTENT) is Delivery.REPLIED
    (reply,) = room.seen(message)
    for words in (f"<@{ended.place.user_id}>", f"<t:{int(NOW)}:f>", "Face swap v5", "AI-generated"):
        assert words in reply.edits[-1].text
    assert reply.attachments[0].description == "AI-generated picture: a face swap made with Face swap v5"
    (call,) = room.sent()
    assert call.body["allowed_mentions"] == {"parse": []}
    assert call.body["message_reference"]["message_id"] == ended.place.message_id


@pytest.mark.parametrize("token", [True, False])
async def test_what_the_member_alone_saw_goes_to_them_directly(room: Room, token: bool) -> None:
    ended, message = room.ordered(hidden=True, token=token)
    room.refuse(WEBHOOK, ErrorReply(401, 50027))
    assert await room.result_delivery.deliver(ended, CONTENT) is Delivery.DIRECT
    (told,) = room.seen(message)
    assert told.channel_id == room.direct.id
    where = f"discord.com/channels/{ended.place.guild_id}/{ended.place.channel_id}/{message.id}"
    assert where in told.edits[-1].text
    assert room.sent("edit-in-channel") == []


async def test_a_private_answer_that_is_lost_while_its_token_lives_goes_to_the_member_too(room: Room) -> None:
    ended, message = room.ordered(hidden=True)
    message.deleted = True
    assert await room.result_delivery.deliver(ended, CONTENT) is Delivery.DIRECT


async def test_a_member_who_takes_no_direct_messages_finds_it_later_and_one_line_says_so(room: Room) -> None:
    ended, _ = room.ordered(token=False)
    room.discord.guild.channel.open = False
    room.direct.error_code = 50007
    with capture_logs() as lines:
        assert await room.result_delivery.deliver(ended, CONTENT) is KEPT
    (line,) = lines
    assert (line["delivery"], line["refusals"]) == ("kept", ["channel 403/50001", "direct 403/50007"])
    assert "files.example" not in str(line)


async def test_a_server_that_sent_the_bot_away_ends_the_delivery(room: Room) -> None:
    room.discord.guild.joined = False
    for hidden in (True, False):
        ended, _ = room.ordered(hidden=hidden, token=False)
        assert await room.result_delivery.deliver(ended, CONTENT) is GONE
    assert room.discord.messages.unprompted == []


async def test_a_server_that_cannot_be_asked_for_is_asked_again(room: Room) -> None:
    ended, message = room.ordered(hidden=True, token=False)
    room.discord.faults.next("guild", ErrorReply(403, 0))
    with pytest.raises(discord.Forbidden):
        await room.result_delivery.deliver(ended, CONTENT)
    assert await room.result_delivery.deliver(ended, CONTENT) is Delivery.DIRECT
    assert len(room.seen(message)) == 1


async def test_a_server_that_the_bot_was_never_in_does_not(room: Room) -> None:
    """Members bring the bot along there, so the order is their own."""
    room.discord.guild.joined = False
    ended, message = room.ordered(token=False)
    own = account_of(guild_id=None, user_id=ended.place.user_id)
    assert await room.result_delivery.deliver(replace(ended, account=own), CONTENT) is Delivery.DIRECT
    assert len(room.seen(message)) == 1


@pytest.mark.parametrize("code", [10003, 50001])
async def test_what_was_ordered_among_friends_who_have_no_server_goes_to_the_member(
    room: Room, code: int
) -> None:
    """Their private channel is none of the bot's, which one of them has brought along."""
    ended, message = room.ordered(token=False)
    ended = replace(ended, place=replace(ended.place, guild_id=None))
    own = account_of(guild_id=None, user_id=ended.place.user_id)
    room.refuse(CHANNEL, ErrorReply(404 if code == 10003 else 403, code))
    assert await room.result_delivery.deliver(replace(ended, account=own), CONTENT) is Delivery.DIRECT
    (told,) = room.seen(message)
    assert f"discord.com/channels/@me/{ended.place.channel_id}/{message.id}" in told.edits[-1].text


@pytest.mark.parametrize("state", [State.FAILED, State.BLOCKED, State.EXPIRED])
async def test_a_failure_is_told_elsewhere_too(room: Room, state: State) -> None:
    ended, _ = room.ordered(token=False, state=state, reason=Reason.SEGMIND)
    room.discord.guild.channel.open = False
    assert await room.result_delivery.deliver(ended, None) is Delivery.DIRECT
    assert "Nothing was charged" in room.discord.messages.unprompted[0].edits[-1].text


async def test_whoever_cancelled_a_job_is_not_written_to(room: Room) -> None:
    for fault in (ErrorReply(403, 50001), ErrorReply(400, 50083)):
        ended, _ = room.ordered(token=False, state=State.CANCELLED)
        room.refuse(CHANNEL, fault)
        assert await room.result_delivery.deliver(ended, None) is KEPT
    assert room.sent() == []


@pytest.mark.parametrize(("code", "delivery"), [(50083, Delivery.REPLIED), (50001, Delivery.DIRECT)])
async def test_a_delivery_that_is_repeated_after_a_crash_is_the_same_message(
    room: Room, code: int, delivery: Delivery
) -> None:
    ended, message = room.ordered(token=False)
    room.refuse(CHANNEL, ErrorReply(400, code), ErrorReply(400, code))
    for _ in range(2):
        assert await room.result_delivery.deliver(ended, CONTENT) is delivery
    assert len(room.seen(message)) == 1
    first, second = room.sent()
    assert (first.body["nonce"], first.body["enforce_nonce"]) == (ended.id, True)
    assert second.body["nonce"] == ended.id
    # Discord takes no longer ones.
    assert len(ended.id) <= 25


async def test_a_message_whose_answer_was_lost_is_not_sent_twice(room: Room) -> None:
    ended, message = room.ordered(hidden=True, token=False)
    room.refuse(DIRECT, Dropped(after=True))
    with pytest.raises(aiohttp.ClientError):
        await room.result_delivery.deliver(ended, CONTENT)
    assert await room.result_delivery.deliver(ended, CONTENT) is Delivery.DIRECT
    assert len(room.seen(message)) == 1


async def test_a_message_that_was_deleted_before_it_was_written_down_stays_deleted(room: Room) -> None:
    ended, message = room.ordered(hidden=True, token=False)
    await room.result_delivery.deliver(ended, CONTENT)
    room.discord.messages.unprompted[0].deleted = True
    assert await room.result_delivery.deliver(ended, CONTENT) is GONE
    assert room.seen(message) == []


def galleries(call: Call) -> list[list[str]]:
    """The addresses in each gallery of a message that was sent."""
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
async def test_the_target_stands_beside_the_result_where_it_has_an_address_that_is_known_and_lives(
    room: Room, address: str, is_shown: bool
) -> None:
    body = {"source_image": "https://files.example/a.png", "target_image": address}
    ended, _ = room.ordered(body=body)
    assert await room.result_delivery.deliver(ended, CONTENT) is Delivery.EDITED
    (call,) = room.sent("edit")
    result = f"attachment://faceswap-v5-{ended.id}.png"
    assert galleries(call) == [[result, address.partition("?")[0]] if is_shown else [result]]


@pytest.mark.parametrize("token", [True, False])
async def test_a_target_that_is_refused_does_not_cost_the_result(room: Room, token: bool) -> None:
    body = {**job().body, "target_image": "https://images.segmind.com/assets/b.png"}
    ended, message = room.ordered(token=token, body=body)
    room.refuse(WEBHOOK if token else CHANNEL, ErrorReply(400, 50035, "Invalid Form Body"))
    assert await room.result_delivery.deliver(ended, CONTENT) is Delivery.EDITED
    _, call = room.sent("edit" if token else "edit-in-channel")
    assert len(galleries(call)[0]) == 1
    assert len(room.seen(message)) == 1


def in_private(room: Room, **wishes: bool) -> tuple[Job, Message]:
    ended, message = room.ordered()
    return replace(ended, place=replace(ended.place, direct=True, **wishes)), message


async def test_a_result_that_was_sent_in_private_is_sent_once_however_often_the_channel_is_tried(
    room: Room,
) -> None:
    ended, message = in_private(room)
    for _ in range(3):
        room.refuse(WEBHOOK, ErrorReply(400, 40004))
        with pytest.raises(discord.HTTPException):
            await room.result_delivery.deliver(ended, CONTENT)
    assert await room.result_delivery.deliver(ended, CONTENT) is Delivery.DIRECT
    (_,) = room.sent()
    assert message.attachments == []
    assert "in private" in message.edits[-1].text


@pytest.mark.parametrize("code", [10008, 50001])
async def test_a_result_that_was_sent_in_private_is_delivered_whatever_became_of_the_channel(
    room: Room, code: int
) -> None:
    ended, _ = in_private(room)
    room.refuse(WEBHOOK, ErrorReply(404, code))
    with capture_logs() as lines:
        assert await room.result_delivery.deliver(ended, CONTENT) is Delivery.DIRECT
    assert [line["log_level"] for line in lines] == ["info"]


async def test_where_direct_messages_are_closed_the_channel_is_told_and_never_shown(room: Room) -> None:
    for hidden, delivery in ((False, KEPT), (True, Delivery.EDITED)):
        ended, message = in_private(room, hidden=hidden)
        room.direct.error_code = 50007
        assert await room.result_delivery.deliver(ended, CONTENT) is delivery
        assert len(message.attachments) == hidden
        assert ("could not be sent in private" in message.edits[-1].text) != hidden
        assert "files.example" not in message.edits[-1].text


async def test_a_result_that_is_too_large_for_direct_messages_is_made_to_fit_there(room: Room) -> None:
    ended, _ = in_private(room)
    room.refuse(DIRECT, ErrorReply(413, 40005))
    assert await room.result_delivery.deliver(ended, files.picture("PNG", 512, 384)) is Delivery.DIRECT
    first, second = room.sent()
    assert len(second.files["files[0]"].content) < len(first.files["files[0]"].content)


def alpha() -> bytes:
    image = files.noise(512, 384)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return files.saved(image, "PNG")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (files.picture("PNG", 512, 384), "image/jpeg"),
        (alpha(), "image/webp"),
        (files.video(width=320, height=240, frames=24, rate=12, sound="aac"), "video/mp4"),
    ],
    ids=["picture", "alpha", "video"],
)
async def test_a_result_that_is_too_large_for_the_place_is_made_to_fit(
    room: Room, content: bytes, found: str
) -> None:
    """The order was promised more than the channel takes."""
    room.discord.messages.upload_limit = len(content) * 6 // 10
    ended, message = room.ordered(token=False)
    assert await room.result_delivery.deliver(ended, content) is Delivery.EDITED
    (attachment,) = message.attachments
    media = inspect(attachment.content, Limits())
    before = inspect(content, Limits())
    assert len(attachment.content) <= room.discord.messages.upload_limit
    assert media.media_type == found
    assert media.width / media.height == pytest.approx(before.width / before.height, rel=0.02)
    assert media.seconds == (None if before.seconds is None else pytest.approx(before.seconds, abs=0.1))
    if found == "image/webp":
        with Image.open(BytesIO(attachment.content)) as image:
            assert image.getchannel("A").getextrema() == (0, 255)


async def test_a_result_that_the_place_takes_in_no_size_is_given_as_a_link_with_its_end(room: Room) -> None:
    room.discord.messages.upload_limit = 100
    ended, message = room.ordered()
    assert await room.result_delivery.deliver(ended, files.picture("PNG", 512, 384)) is Delivery.EDITED
    assert len(room.sent("edit")) == 3
    assert message.attachments == []
    text = message.edits[-1].text
    assert "https://files.example/result.png" in text
    assert f"<t:{int(NOW) + 7 * 24 * 3600}:f>" in text


async def test_what_was_learnt_of_the_room_is_kept_on_the_next_way(room: Room) -> None:
    ended, message = room.ordered(token=False)
    room.refuse(CHANNEL, ErrorReply(413, 40005), ErrorReply(400, 50083))
    assert await room.result_delivery.deliver(ended, CONTENT) is Delivery.REPLIED
    (reply,) = room.seen(message)
    assert len(reply.attachments[0].content) <= len(CONTENT) / 2
