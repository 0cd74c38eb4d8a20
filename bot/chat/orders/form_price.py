"""Prices in forms, which Discord waits for at most three seconds."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from bot.chat.interactions import Interaction
from bot.chat.members import channels_of, member_of
from bot.chat.orders.faces.saved_faces import STORE_TIMEOUT
from bot.jobs.service import JobService
from bot.ledger.policy import MemberTerms
from bot.models import ModelCard

log = structlog.stdlib.get_logger(__name__)


async def terms_in_time(job_service: JobService, interaction: Interaction) -> MemberTerms | None:
    """A member's terms in this place, or None if the database takes longer than Discord waits."""
    try:
        async with asyncio.timeout(STORE_TIMEOUT):
            return await job_service.terms(member_of(interaction), channels_of(interaction))
    except Exception as error:  # noqa: BLE001 - the order itself applies the terms
        log.info("form without the terms of the server", error=type(error).__name__)
        return None


def price_by_terms(
    terms: MemberTerms | None,
    job_service: JobService,
    card: ModelCard,
    options: Mapping[str, Any],
    *,
    count: int = 1,
) -> int:
    """Price of a picture or a unit of video by these terms, or the usual one without them."""
    if terms is None:
        return job_service.unit_price(card, options)
    return job_service.quote(card, options, terms, count=count)
