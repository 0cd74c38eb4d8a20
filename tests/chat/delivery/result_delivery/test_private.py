"""Results that go to the member as a direct message."""

from dataclasses import replace

import discord
import pytest
from structlog.testing import capture_logs

from bot.jobs.delivery import Delivery
from bot.jobs.job import Job
from tests.chat.delivery.result_delivery.harness import CONTENT, DIRECT, KEPT, WEBHOOK, Harness
from tests.discord.faults import ErrorReply
from tests.discord.records import Message
from tests.media import files
from tests.wording import wording


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
