"""Deliveries of a batch, whose results share one message."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.chat.routes import Route
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job
from bot.jobs.service import new_id
from tests.chat.delivery.result_delivery.harness import (
    CONTENT,
    NOW,
    Harness,
)
from tests.discord.faults import ErrorReply
from tests.discord.records import Message


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
