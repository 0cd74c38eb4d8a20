"""Live replies: each change of a job is shown once, at a pace that Discord bears."""

import asyncio
from collections.abc import Callable, Mapping

import discord
import structlog
from discord import ui

from bot.chat.background import Background
from bot.chat.card import end_card, stage_card
from bot.chat.messages import PASSING, Gone, Messages
from bot.chat.results import Result, Results
from bot.chat.text import Text
from bot.jobs.job import Job
from bot.jobs.ports import Clock
from bot.jobs.stages import Stage
from bot.models import ModelCard

log = structlog.stdlib.get_logger(__name__)

# Discord's words for a file that is too large.
TOO_LARGE = 40005
TOO_LARGE_STATUS = 413


class LiveReply:
    """One message. Between two edits lies at least `gap`; of what happens meanwhile, the newest is shown."""

    def __init__(self, job: Job, messages: Messages, clock: Clock, gap: float) -> None:
        self._place = job.place
        self._messages = messages
        self._clock = clock
        self._gap = gap
        self._next_edit = 0.0
        self._newest: Stage | None = None
        self._lock = asyncio.Lock()

    async def show(self, stage: Stage, draw: Callable[[], ui.LayoutView]) -> None:
        """Draw the stage when its time has come, unless a newer one has taken its place."""
        if stage == self._newest:
            return
        self._newest = stage
        async with self._lock:
            await self._wait()
            if self._newest is stage:
                await self._edit(draw())

    async def end(self, view: ui.LayoutView, result: Result | None) -> None:
        self._newest = None
        async with self._lock:
            await self._wait()
            await self._edit(view, *([result.file()] if result is not None else []))

    async def _wait(self) -> None:
        await self._clock.sleep(max(0.0, self._next_edit - self._clock.now()))

    async def _edit(self, view: ui.LayoutView, *files: discord.File) -> None:
        try:
            await self._messages.edit(self._place, view, files)
        finally:
            self._next_edit = self._clock.now() + self._gap


class Replies:
    """The watcher of all jobs. What it fails to show changes nothing about a job."""

    def __init__(
        self,
        *,
        messages: Messages,
        results: Results,
        background: Background,
        cards: Mapping[str, ModelCard],
        text: Text,
        clock: Clock,
        gap: float,
    ) -> None:
        self._messages = messages
        self._results = results
        self._background = background
        self._cards = cards
        self._text = text
        self._clock = clock
        self._gap = gap
        self._live: dict[str, LiveReply] = {}

    def show(self, job: Job, stage: Stage) -> None:
        self._background.post(self._show(job, stage))

    async def conclude(self, job: Job, result: bytes | None) -> None:
        """Show the end. Passing faults are raised, so that it is tried again; lasting ones end it."""
        shown = await self._results.prepare(job, result) if result is not None else None
        try:
            await self._end(job, shown)
        except Gone:
            log.info("the message of the job is gone")
        except PASSING:
            raise
        except discord.HTTPException as error:
            log.warning("the end of the job cannot be shown", status=error.status, code=error.code)
        self._live.pop(job.id, None)

    async def _end(self, job: Job, shown: Result | None) -> None:
        reply, model = self._reply(job), self._cards[job.slug]
        try:
            await reply.end(end_card(model, job, self._text, shown), shown)
        except discord.HTTPException as error:
            if shown is None or (error.code != TOO_LARGE and error.status != TOO_LARGE_STATUS):
                raise
            # The place takes smaller files than it said: the link is better than nothing.
            await reply.end(end_card(model, job, self._text), None)

    async def _show(self, job: Job, stage: Stage) -> None:
        try:
            await self._reply(job).show(stage, lambda: stage_card(self._cards[job.slug], stage, self._text))
        except (Gone, discord.HTTPException, *PASSING) as error:
            log.info("a stage of the job could not be shown", error=type(error).__name__)

    def _reply(self, job: Job) -> LiveReply:
        return self._live.setdefault(job.id, LiveReply(job, self._messages, self._clock, self._gap))
