"""Live replies: paced, in order, and by whichever route is still open."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import discord
import pytest
from discord import ui

from bot.chat.delivery.live_reply import LiveReplies, LiveReply
from bot.chat.delivery.result_file import Result
from bot.chat.messages import MessageGone, Messages
from bot.chat.ui.card import error_card
from bot.jobs.delivery import Delivery
from bot.jobs.job import Place
from bot.jobs.stages import Processing, Queued, Stage, Waiting
from tests.clocks import HeldClock
from tests.harness import Stage as Bot
from tests.wording import wording

GAP = 2.5


class RecordedMessages(Messages):
    """Messages that only record each edit and its time."""

    def __init__(self, clock: HeldClock) -> None:
        self.edits: list[tuple[float, str]] = []
        self._time = clock

    async def edit(self, place: object, view: ui.LayoutView) -> None:
        del place
        (text,) = [item.content for item in view.walk_children() if isinstance(item, ui.TextDisplay)]
        self.edits.append((self._time.now(), text))


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(1000)


@pytest.fixture
def recorded(clock: HeldClock) -> RecordedMessages:
    return RecordedMessages(clock)


@dataclass
class Ownership:
    """True if this process owns the job, and an event that delays the answer."""

    is_own: bool = True
    answered: asyncio.Event | None = None

    async def ask(self) -> bool:
        if self.answered is not None:
            await self.answered.wait()
        return self.is_own


@pytest.fixture
def ownership() -> Ownership:
    return Ownership()


@pytest.fixture
def late_stages() -> list[None]:
    return []


@pytest.fixture
def reply(clock: HeldClock, ownership: Ownership, late_stages: list[None]) -> LiveReply:
    return LiveReply(clock, GAP, is_own=ownership.ask, on_late_stage=lambda: late_stages.append(None))


def editing(recorded: RecordedMessages, words: Callable[[], str]) -> Callable[[], Awaitable[None]]:
    async def edit() -> None:
        await recorded.edit(None, error_card(words()))

    return edit


def start_showing(reply: LiveReply, recorded: RecordedMessages, stage: Stage) -> asyncio.Task[bool]:
    return asyncio.create_task(reply.show(stage, editing(recorded, lambda: type(stage).__name__)))


async def test_the_bar_moves_until_a_newer_stage_replaces_it(
    reply: LiveReply, recorded: RecordedMessages, clock: HeldClock
) -> None:
    stage = Queued(1000, 10)
    await reply.show(stage, editing(recorded, lambda: "0"))
    steps = iter("123")
    task = asyncio.create_task(reply.redraw(stage, editing(recorded, lambda: next(steps)), [3.0, 3.0, 3.0]))
    for _ in range(2):
        await settle()
        clock.move(3)
    await settle()
    showing = start_showing(reply, recorded, Processing(1006, 10))
    await settle()
    clock.move(3)
    await asyncio.gather(task, showing)
    assert [text for _, text in recorded.edits] == ["0", "1", "2", "Processing"]


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_the_first_stage_is_shown_at_once_and_only_once(
    reply: LiveReply, recorded: RecordedMessages
) -> None:
    await asyncio.gather(*(start_showing(reply, recorded, Queued(1, 10)) for _ in range(5)))
    assert recorded.edits == [(1000, "Queued")]


async def test_edits_are_a_gap_apart_and_show_the_newest_stage(
    reply: LiveReply, recorded: RecordedMessages, clock: HeldClock
) -> None:
    for stage in (Waiting(2), Waiting(1), Queued(1, 10), Processing(1, 10)):
        start_showing(reply, recorded, stage)
        await settle()
    clock.move(GAP - 0.1)
    await settle()
    assert recorded.edits == [(1000, "Waiting")]
    clock.move(0.1)
    await settle()
    assert recorded.edits == [(1000, "Waiting"), (1000 + GAP, "Processing")]


async def test_the_result_does_not_wait_for_the_gap_and_replaces_waiting_stages(
    reply: LiveReply, recorded: RecordedMessages, clock: HeldClock
) -> None:
    start_showing(reply, recorded, Queued(1, 10))
    await settle()
    start_showing(reply, recorded, Processing(1, 10))
    await settle()

    async def deliver() -> Delivery:
        await recorded.edit(None, error_card("result"))
        return Delivery.EDITED

    await reply.finish(deliver)
    clock.move(GAP)
    await settle()
    assert recorded.edits == [(1000, "Queued"), (1000, "result")]


async def test_no_stage_of_a_job_that_another_process_owns_is_shown(
    reply: LiveReply, recorded: RecordedMessages, clock: HeldClock, ownership: Ownership
) -> None:
    start_showing(reply, recorded, Queued(1, 10))
    await settle()
    start_showing(reply, recorded, Processing(1, 10))
    ownership.is_own = False
    clock.move(GAP)
    await settle()
    assert recorded.edits == [(1000, "Queued")]


@pytest.mark.parametrize(("seconds", "is_own", "late"), [(60, False, 1), (60, True, 0), (0.5, False, 0)])
async def test_a_stage_that_went_out_after_a_takeover_is_noticed(
    reply: LiveReply,
    recorded: RecordedMessages,
    clock: HeldClock,
    ownership: Ownership,
    late_stages: list[None],
    seconds: float,
    is_own: bool,
    late: int,
) -> None:
    async def edit() -> None:
        # Stands for a suspension between the check of ownership and the edit.
        clock.move(seconds)
        ownership.is_own = is_own
        await recorded.edit(None, error_card("late"))

    await reply.show(Queued(1, 10), edit)
    assert [text for _, text in recorded.edits] == ["late"]
    assert len(late_stages) == late


async def test_the_result_overtakes_a_stage_whose_ownership_is_being_asked_for(
    reply: LiveReply, recorded: RecordedMessages, ownership: Ownership
) -> None:
    ownership.answered = asyncio.Event()
    start_showing(reply, recorded, Queued(1, 10))
    await settle()

    async def deliver() -> Delivery:
        await recorded.edit(None, error_card("result"))
        return Delivery.EDITED

    delivered = asyncio.create_task(reply.finish(deliver))
    await settle()
    ownership.answered.set()
    await delivered
    assert recorded.edits == [(1000, "result")]


def result() -> Result:
    return Result(b"content", "result.png", "a description", 10)


def place_of(message: discord.Message, stage: Bot, *, until: float = 1e12) -> Place:
    return Place(
        user_id=stage.member.id,
        channel_id=stage.channel.id,
        message_id=message.id,
        application_id=stage.app.client.application_id or 0,
        token="no such token",
        token_until=until,
        guild_id=stage.guild.id,
    )


async def posted(stage: Bot) -> discord.Message:
    channel = stage.app.client.get_channel(stage.channel.id)
    assert isinstance(channel, discord.TextChannel)
    with stage.env.time_context():
        return await channel.send(view=error_card("before"))


async def test_a_message_is_edited_through_its_channel_once_its_token_has_expired(stage: Bot) -> None:
    message = await posted(stage)
    messages = Messages(stage.app.client, HeldClock(1000), stage.app.store.moderation)
    with stage.env.time_context():
        await messages.edit(place_of(message, stage, until=999), error_card("after"))
    entry = stage.env.http_requests[-1]
    assert (entry.method, entry.path.split("/")[1]) == ("PATCH", "channels")


async def test_a_token_that_discord_rejects_leads_to_the_channel(stage: Bot) -> None:
    message = await posted(stage)
    messages = Messages(stage.app.client, HeldClock(1000), stage.app.store.moderation)
    with stage.env.time_context():
        await messages.edit(place_of(message, stage), error_card("after"))
    tried = [entry.path.split("/")[1] for entry in stage.env.http_requests if entry.method == "PATCH"]
    assert tried == ["webhooks", "channels"]


@pytest.mark.parametrize("until", [1e12, 0])
async def test_a_card_for_the_member_alone_never_goes_through_the_channel(stage: Bot, until: float) -> None:
    message = await posted(stage)
    place = replace(place_of(message, stage, until=until), hidden=True)
    with stage.env.time_context(), pytest.raises(MessageGone):
        await Messages(stage.app.client, HeldClock(1000), stage.app.store.moderation).edit(
            place, error_card("after")
        )
    assert not [
        each for each in stage.env.http_requests if (each.method, each.path[:5]) == ("PATCH", "/chan")
    ]


async def test_a_message_that_was_deleted_is_gone(stage: Bot) -> None:
    message = await posted(stage)
    messages = Messages(stage.app.client, HeldClock(1000), stage.app.store.moderation)
    with stage.env.time_context():
        await message.delete()
        with pytest.raises(MessageGone):
            await messages.edit(place_of(message, stage, until=0), error_card("after"))


async def test_a_job_whose_message_was_deleted_still_finishes(stage: Bot) -> None:
    reply = await stage.order("faceswap-v5")
    await reply.says("Queued")
    before = await stage.job(reply)
    message = stage.app.client.get_partial_messageable(stage.channel.id).get_partial_message(reply.id)
    with stage.env.time_context():
        await message.delete()
    while not ((now := await stage.app.store.find(before.id)) and now.told):
        stage.clock.move(2)
        await asyncio.sleep(0.01)
    assert (await stage.app.store.balance(stage.account)).free == 95


@pytest.mark.parametrize(("times", "expected"), [(1, "Completed"), (2, wording("end.not_shown"))])
async def test_a_result_that_is_too_large_is_made_smaller_and_then_given_as_a_link(
    stage: Bot, times: int, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The error is for the result, and not for a step of the bar.
    def no_pauses(*_: object) -> list[float]:
        return []

    monkeypatch.setattr(LiveReplies, "_pauses", no_pauses)
    reply = await stage.order("faceswap-v5")
    await reply.says("Queued")
    stage.clock.move(5)
    await reply.says("Processing")
    stage.env.inject_error(
        "PATCH", "/webhooks/*/messages/*", status=413, code=40005, message="Too large", times=times
    )
    text = await stage.finish(reply, expected)
    assert (stage.segmind.url in text) == (times == 2)
    assert "5 credits" in text


def test_a_result_can_be_sent_more_than_once() -> None:
    again = result()
    assert [again.file().fp.read(), again.file().fp.read()] == [b"content"] * 2
