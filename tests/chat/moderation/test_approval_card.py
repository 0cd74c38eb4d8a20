"""The approval card, sent through real discord.py to a simulated Discord that enforces its limits."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import discord
import pytest
from discord.http import Route

from bot.chat.delivery.result_file import MIN_UPLOAD_LIMIT, Results
from bot.chat.moderation.approval_card import approval_card
from bot.chat.text import LANGUAGES, Text, speaking
from bot.jobs.job import Job, State
from bot.moderation.approvals import Approval, Verdict
from tests.discord.server import SmallDiscord
from tests.harness import MODELS, plain_settings, shared_workers
from tests.jobs.orders import job
from tests.media import files

CARDS = {slug: model.card for slug, model in MODELS.items()}
TEXT = Text.load()
LONG = f"https://files.example/{'x' * 1400}.png"


@pytest.fixture
async def channel(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[discord.PartialMessageable]:
    async with SmallDiscord() as small:
        monkeypatch.setattr(Route, "BASE", small.api)
        async with discord.Client(intents=discord.Intents.none()) as client:
            await client.login(small.token)
            yield client.get_partial_messageable(small.guild.channel.id, guild_id=small.guild.id)
        assert small.violations == []


def done(*, hidden: bool = False, output: str = LONG) -> Job:
    plain = job("a" * 23, state=State.DONE, created_at=1.0, output=output)
    return replace(plain, place=replace(plain.place, guild_id=2**62, hidden=hidden, spoiler=True))


def approval(verdict: Verdict = Verdict.WAITING) -> Approval:
    return Approval("a" * 23, 2**62, 1.0, 1_800_000_000.0, verdict)


async def test_discord_accepts_the_card_before_and_after_the_decision(
    channel: discord.PartialMessageable,
) -> None:
    result = await Results(plain_settings(), CARDS, TEXT, shared_workers()).prepare(
        done(), files.picture("PNG"), MIN_UPLOAD_LIMIT
    )
    assert result is not None
    for language, verdict in zip(LANGUAGES, [*Verdict, Verdict.WAITING], strict=True):
        with speaking(language):
            request = approval_card(approval(), done(), CARDS, TEXT, result)
            sent = await channel.send(view=request, files=[result.file()])
            assert len(sent.attachments) == 1
            decided = approval_card(approval(verdict), done(), CARDS, TEXT)
            edited = await sent.edit(view=decided, attachments=[])
            assert edited.attachments == []


@pytest.mark.parametrize("hidden", [True, False])
def test_a_result_without_a_file_is_linked_until_it_is_decided(hidden: bool) -> None:
    request = str(approval_card(approval(), done(hidden=hidden), CARDS, TEXT).to_components())
    assert LONG in request
    assert ("discord.com/channels" in request) is not hidden
    for verdict in (Verdict.APPROVED, Verdict.REJECTED, Verdict.LAPSED):
        decided = str(approval_card(approval(verdict), done(), CARDS, TEXT).to_components())
        assert LONG not in decided
        assert "custom_id" not in decided
