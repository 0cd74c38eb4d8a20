"""Fixture: a bot that can deliver results, and is not connected to the gateway."""

from collections.abc import AsyncGenerator
from typing import Any

import discord
import pytest
from discord import http

from bot.chat.background import Background
from bot.chat.delivery.batch_cards import BatchCards
from bot.chat.delivery.result_delivery import ResultDelivery
from bot.chat.delivery.result_file import Results
from bot.chat.messages import Messages
from bot.chat.orders.original_preview import OriginalPreviews
from bot.chat.shared import Shared
from bot.chat.text import Text
from bot.jobs.job import Job
from tests.chat.delivery.result_delivery.harness import (
    CARDS,
    NOW,
    Harness,
    MemoryPosts,
    OneBatch,
    no_strike,
)
from tests.clocks import HeldClock
from tests.discord.server import SmallDiscord
from tests.harness import MODELS, plain_settings, shared_workers


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
