"""Routes of a delivery: every error on every route, and what the member then sees."""

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import discord
import pytest
from structlog.testing import capture_logs

from bot.chat.routes import Route
from bot.jobs.delivery import Delivery
from bot.jobs.job import Reason, State
from bot.ledger.account import account_of
from tests.chat.delivery.result_delivery.harness import (
    CHANNEL,
    CONTENT,
    DIRECT,
    GONE,
    KEPT,
    NOW,
    REPLY,
    WEBHOOK,
    Harness,
)
from tests.discord.faults import ErrorReply, Fault
from tests.wording import wording

UNKNOWN_ORIGINAL = ErrorReply(400, 50035, "Invalid Form Body: message_reference: Unknown message")
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
