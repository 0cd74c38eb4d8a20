"""Deliveries that are repeated after a crash or a lost response send no second message."""

import aiohttp
import pytest

from bot.jobs.delivery import Delivery
from tests.chat.delivery.result_delivery.harness import CHANNEL, CONTENT, DIRECT, GONE, Harness
from tests.discord.faults import Dropped, ErrorReply


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
