"""Replies that show each new stage of a job, no faster than Discord allows edits."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial

import discord
import structlog

from bot.chat.delivery.batch_cards import BatchCards
from bot.chat.delivery.job_buttons import waiting_rows
from bot.chat.delivery.progress_card import BAR_LENGTH, FREE, stage_card
from bot.chat.delivery.result_delivery import ResultDelivery
from bot.chat.messages import PASSING, MessageGone
from bot.chat.shared import Shared
from bot.chat.text import speaking
from bot.chat.ui.card import CardMedia
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job
from bot.jobs.ports import Clock, StoreError
from bot.jobs.stages import Processing, Queued, Stage

# Shortest time between two steps of a bar, and the steps per second of all bars together: Discord allows 50
# requests a second.
REDRAW_SECONDS, REDRAWS_PER_SECOND = 3.0, 10.0

log = structlog.stdlib.get_logger(__name__)


# An edit that ends this many seconds after its check of ownership may have come after a takeover.
LATE = 1.0
# The new owner may still be about to close the job whose end a late stage has replaced.
RESTORE_TRIES, RESTORE_INTERVAL = 10, 3.0


class LiveReply:
    """Message of a job or a batch. Of the stages within `gap` seconds of an edit, it shows the newest."""

    def __init__(
        self,
        clock: Clock,
        gap: float,
        *,
        is_own: Callable[[], Awaitable[bool]],
        on_late_stage: Callable[[], None],
    ) -> None:
        """`is_own` says whether the job, or one of its batch, is open and this process's.

        `on_late_stage` is called when a stage may have replaced the end that a new owner has shown.
        """
        self._is_own = is_own
        self._on_late_stage = on_late_stage
        self._clock = clock
        self._gap = gap
        self._next_edit = 0.0
        self._newest: object = None
        self._lock = asyncio.Lock()

    async def show(self, stage: object, edit: Callable[[], Awaitable[None]]) -> bool:
        """Edit the message after the gap, unless a newer stage has come; return whether it was edited."""
        if stage == self._newest:
            return False
        self._newest = stage
        # The lock is not held here, so that a newer stage and above all the result can overtake this one.
        await self._clock.sleep(max(0.0, self._next_edit - self._clock.now()))
        async with self._lock:
            return await self._edit(stage, edit)

    async def redraw(
        self, stage: object, edit: Callable[[], Awaitable[None]], pauses: Iterable[float]
    ) -> None:
        """Edit the message again after each pause, until a newer stage or the result replaces this one."""
        for pause in pauses:
            await self._clock.sleep(pause)
            async with self._lock:
                if not await self._edit(stage, edit):
                    return

    async def _edit(self, stage: object, edit: Callable[[], Awaitable[None]]) -> bool:
        if self._newest is not stage:
            return False
        checked_at = self._clock.now()
        # After a takeover, a late stage would replace the result that the new owner has delivered.
        if not await self._is_own() or self._newest is not stage:
            return False
        self._next_edit = self._clock.now() + self._gap
        try:
            await edit()
        finally:
            # A process that is suspended just before the edit sends it when it wakes.
            if self._clock.now() - checked_at > LATE and not await self._is_own():
                self._on_late_stage()
        return True

    async def finish(self, deliver: Callable[[], Awaitable[Delivery]]) -> Delivery:
        """Drop the stages that still wait, and deliver without waiting for the gap.

        The gap keeps stages far below Discord's rate limit, which leaves one more edit at any time.
        """
        self._newest = None
        async with self._lock:
            return await deliver()


class LiveReplies:
    """Watcher that keeps the messages of all jobs up to date. A failed edit never affects a job."""

    def __init__(
        self,
        shared: Shared,
        result_delivery: ResultDelivery,
        batch_cards: BatchCards,
        is_throttled: Callable[[], bool],
    ) -> None:
        """`is_throttled` tells whether Discord rejects so many requests that the bar stands still."""
        self._owns = shared.store.owns
        self._show_again = shared.store.show_again
        self._is_throttled = is_throttled
        self._messages = shared.messages
        self._result_delivery = result_delivery
        self._batch_cards = batch_cards
        self._background = shared.background
        self._models = shared.models
        self._text = shared.text
        self._clock = shared.clock
        self._gap = shared.settings.discord.edit_gap
        self._replies: dict[str, LiveReply] = {}

    def show(self, job: Job, stage: Stage) -> None:
        self._background.spawn(self._show(job, stage))

    async def finish(self, job: Job, result: bytes | None) -> Delivery:
        with speaking(job.place.locale):
            delivery = await self._reply(job).finish(lambda: self._result_delivery.deliver(job, result))
        if job.batch is None or await self._batch_cards.forget_if_over(job):
            self._replies.pop(_key(job), None)
        return delivery

    async def _show(self, job: Job, stage: Stage) -> None:
        try:
            reply, edit = self._reply(job), partial(self._edit, job, stage)
            if job.batch is not None:
                self._batch_cards.set_stage(job, stage)
            # Two jobs of a batch may have the same stage.
            newest = (job.id, stage)
            shown = await reply.show(newest, edit)
            if shown and job.batch is None and isinstance(stage, Queued | Processing):
                await reply.redraw(newest, edit, self._pauses(stage))
        except (MessageGone, StoreError, discord.HTTPException, *PASSING) as error:
            log.info("stage not shown", error=type(error).__name__)

    def _pauses(self, stage: Queued | Processing) -> Iterator[float]:
        """Pauses between the steps of the bar, longer ones while many members wait or Discord complains."""
        at, end = self._clock.now(), stage.since + stage.usual
        step = max(REDRAW_SECONDS, stage.usual / BAR_LENGTH, len(self._replies) / REDRAWS_PER_SECOND)
        while at < end and not self._is_throttled():
            # The last step says that the job takes longer than usual.
            pause = min(step, end - at)
            at += pause
            yield pause

    async def _edit(self, job: Job, stage: Stage) -> None:
        with speaking(job.place.locale):
            if job.batch is not None:
                await self._batch_cards.edit(job)
                return
            rows = waiting_rows(job, self._text) if isinstance(stage, FREE) else []
            now = self._clock.now()
            card = stage_card(
                self._models[job.slug], job, stage, self._text, now=now, media=CardMedia(rows=rows)
            )
            await self._messages.edit(job.place, card)

    def _reply(self, job: Job) -> LiveReply:
        if (reply := self._replies.get(_key(job))) is None:
            reply = LiveReply(
                self._clock,
                self._gap,
                is_own=lambda: self._is_own(job),
                on_late_stage=lambda: self._background.spawn(self._restore(job.id)),
            )
            self._replies[_key(job)] = reply
        return reply

    async def _is_own(self, job: Job) -> bool:
        for job_id in [job.id] if job.batch is None else self._batch_cards.running(job):
            if await self._owns(job_id):
                return True
        # The reply of a batch stays, because jobs that end are delivered under its lock.
        if job.batch is None:
            self._replies.pop(job.id, None)
        return False

    async def _restore(self, job_id: str) -> None:
        log.warning("stage shown late", job=job_id)
        for _ in range(RESTORE_TRIES):
            try:
                if await self._show_again(job_id):
                    return
            except StoreError as error:
                log.info("final edit not repeated yet", job=job_id, error=type(error).__name__)
            await self._clock.sleep(RESTORE_INTERVAL)


def _key(job: Job) -> str:
    """Jobs of a batch share a message."""
    return job.batch or job.id
