"""Replies that show each new stage of a job, no faster than Discord allows edits."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from functools import partial

import discord
import structlog
from discord import ui

from bot.chat.background import Background
from bot.chat.delivery.job_buttons import waiting_rows
from bot.chat.delivery.progress_card import BAR_LENGTH, FREE, stage_card
from bot.chat.delivery.result_delivery import ResultDelivery
from bot.chat.messages import PASSING, Gone, Messages
from bot.chat.text import Text, speaking
from bot.chat.ui.card import CardMedia
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job
from bot.jobs.ports import Clock, StoreError
from bot.jobs.stages import Processing, Queued, Stage
from bot.models import FaceModel

# Shortest time between two steps of a bar, and the steps per second of all bars together: Discord allows 50
# requests a second.
REDRAW_SECONDS, REDRAWS_PER_SECOND = 3.0, 10.0

log = structlog.stdlib.get_logger(__name__)


# An edit that ends so many seconds after its check of ownership may have come after a takeover.
LATE = 1.0
# The new owner may still be about to close the job whose end a late stage has replaced.
RESTORE_TRIES, RESTORE_INTERVAL = 10, 3.0


class LiveReply:
    """Message of one job. Stages that arrive within `gap` seconds of an edit are merged into the newest."""

    def __init__(
        self,
        job: Job,
        messages: Messages,
        clock: Clock,
        gap: float,
        *,
        is_own: Callable[[], Awaitable[bool]],
        on_late_stage: Callable[[], None],
    ) -> None:
        """`is_own` says whether the job is open and this process's.

        `on_late_stage` is called when a stage may have replaced the end that a new owner has shown.
        """
        self._place = job.place
        self._is_own = is_own
        self._on_late_stage = on_late_stage
        self._messages = messages
        self._clock = clock
        self._gap = gap
        self._next_edit = 0.0
        self._newest: Stage | None = None
        self._lock = asyncio.Lock()

    async def show(self, stage: Stage, draw: Callable[[], ui.LayoutView]) -> bool:
        """Draw the stage when its time has come, unless a newer one has replaced it; whether it was drawn."""
        if stage == self._newest:
            return False
        self._newest = stage
        # The lock is not held here, so that a newer stage and above all the result can overtake this one.
        await self._clock.sleep(max(0.0, self._next_edit - self._clock.now()))
        async with self._lock:
            return await self._draw(stage, draw)

    async def redraw(self, stage: Stage, draw: Callable[[], ui.LayoutView], pauses: Iterable[float]) -> None:
        """Draw the stage again after each pause, until a newer one or the result replaces it."""
        for pause in pauses:
            await self._clock.sleep(pause)
            async with self._lock:
                if not await self._draw(stage, draw):
                    return

    async def _draw(self, stage: Stage, draw: Callable[[], ui.LayoutView]) -> bool:
        if self._newest is not stage:
            return False
        checked_at = self._clock.now()
        # After a takeover, a late stage would replace the result that the new owner has delivered.
        if not await self._is_own() or self._newest is not stage:
            return False
        self._next_edit = self._clock.now() + self._gap
        try:
            await self._messages.edit(self._place, draw())
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
        *,
        messages: Messages,
        result_delivery: ResultDelivery,
        background: Background,
        models: Mapping[str, type[FaceModel]],
        text: Text,
        clock: Clock,
        gap: float,
        owns: Callable[[str], Awaitable[bool]],
        show_again: Callable[[str], Awaitable[bool]],
        is_throttled: Callable[[], bool],
    ) -> None:
        """`owns` says whether a job, given by its id, is open and this process's.

        `show_again` has its owner show the end of a closed job again, and says whether it was closed.
        `is_throttled` tells whether Discord rejects so many requests that the bar stands still.
        """
        self._owns = owns
        self._show_again = show_again
        self._is_throttled = is_throttled
        self._messages = messages
        self._result_delivery = result_delivery
        self._background = background
        self._models = models
        self._text = text
        self._clock = clock
        self._gap = gap
        self._replies: dict[str, LiveReply] = {}

    def show(self, job: Job, stage: Stage) -> None:
        self._background.spawn(self._show(job, stage))

    async def finish(self, job: Job, result: bytes | None) -> Delivery:
        with speaking(job.place.locale):
            delivery = await self._reply(job).finish(lambda: self._result_delivery.deliver(job, result))
        self._replies.pop(job.id, None)
        return delivery

    async def _show(self, job: Job, stage: Stage) -> None:
        try:
            reply, draw = self._reply(job), partial(self._card, job, stage)
            if await reply.show(stage, draw) and isinstance(stage, Queued | Processing):
                await reply.redraw(stage, draw, self._pauses(stage))
        except (Gone, StoreError, discord.HTTPException, *PASSING) as error:
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

    def _card(self, job: Job, stage: Stage) -> ui.LayoutView:
        with speaking(job.place.locale):
            rows = waiting_rows(job, self._text) if isinstance(stage, FREE) else []
            now = self._clock.now()
            return stage_card(
                self._models[job.slug], job, stage, self._text, now=now, media=CardMedia(rows=rows)
            )

    def _reply(self, job: Job) -> LiveReply:
        if (reply := self._replies.get(job.id)) is None:
            reply = LiveReply(
                job,
                self._messages,
                self._clock,
                self._gap,
                is_own=lambda: self._is_own(job.id),
                on_late_stage=lambda: self._background.spawn(self._restore(job.id)),
            )
            self._replies[job.id] = reply
        return reply

    async def _is_own(self, job_id: str) -> bool:
        is_own = await self._owns(job_id)
        if not is_own:
            self._replies.pop(job_id, None)
        return is_own

    async def _restore(self, job_id: str) -> None:
        log.warning("stage shown late", job=job_id)
        for _ in range(RESTORE_TRIES):
            try:
                if await self._show_again(job_id):
                    return
            except StoreError as error:
                log.info("end not shown again yet", job=job_id, error=type(error).__name__)
            await self._clock.sleep(RESTORE_INTERVAL)
