"""Operators' decisions about takedown requests, and the deletion of the messages in all servers."""

from collections.abc import Callable, Sequence
from functools import partial

import structlog
from discord import ui

from bot.administration.audit import AuditAction, UnknownJob
from bot.chat.access.permissions import NotModerator
from bot.chat.interactions import Interaction
from bot.chat.messages import NOBODY, address_of, link_to
from bot.chat.moderation.removal import ResultRemoval
from bot.chat.moderation.takedown_card import TakedownButton, takedown_card
from bot.chat.shared import Shared
from bot.chat.ui.card import error_card
from bot.jobs.job import Job
from bot.ledger.allowance import DAY
from bot.ledger.ledger import OPERATOR, AuditEntry
from bot.moderation.cases import Step
from bot.moderation.takedowns import TakedownOutcome, TakedownRequest
from bot.periodic import run_periodically

log = structlog.stdlib.get_logger(__name__)

EVERY = 60.0
# An order that was being checked while the picture was banned is a job by then, and is found.
SETTLED = 15 * 60.0
# Discord counts each request that it rejects against the bot.
RETRY = 30 * 60.0
GIVE_UP = DAY


class TakedownService:
    """Tells operators of requests, records their decisions, and deletes what a granted request concerns.

    Another process, such as `doppel takedown`, may record a decision; `run_once` then carries it out.
    """

    def __init__(
        self,
        shared: Shared,
        removal: ResultRemoval,
        tell_operators: Callable[[Callable[[], ui.LayoutView]], None],
    ) -> None:
        self._takedowns = shared.store.takedowns
        self._cases = shared.store.cases
        self._archive = shared.store
        self._removal = removal
        self._messages = shared.messages
        self._operators = shared.settings.discord.operators
        self._tell_operators = tell_operators
        self._distance = shared.settings.safety.distance
        self._text = shared.text
        self._clock = shared.clock

    async def run(self) -> None:
        await run_periodically(self.run_once, self._clock, EVERY, "takedown requests not handled")

    async def run_once(self) -> None:
        for request in await self._takedowns.claim_reminders(self._clock.now()):
            self._tell_operators(await self._card(request))
            log.warning("operators told of a takedown request", request=request.number, due=request.due_at)
        for request in await self._takedowns.to_sweep(self._clock.now()):
            await self._sweep(request)

    async def press(self, interaction: Interaction, button: TakedownButton) -> None:
        # The search for copies may take longer than the three seconds that Discord waits.
        await interaction.response.defer()
        if interaction.user.id not in self._operators:
            raise NotModerator
        request = await self._takedowns.find_number(button.number)
        if request is None:
            raise UnknownJob
        actor = str(interaction.user.id)
        entry = decision_entry(request, button.outcome, actor)
        if button.outcome is TakedownOutcome.REMOVED:
            found = await self._takedowns.find_jobs(request, self._distance)
            await self._takedowns.grant(request, found, actor, entry)
        else:
            await self._takedowns.decline(request, entry)
        decided = await self._takedowns.find_number(request.number) or request
        await interaction.edit_original_response(view=(await self._card(decided))(), allowed_mentions=NOBODY)
        await self.run_once()

    async def _card(self, request: TakedownRequest) -> Callable[[], ui.LayoutView]:
        """Function that draws the card in the language of its reader."""
        found = (await self._takedowns.find_jobs(request, self._distance)).all
        jobs = await self._jobs(found)
        return partial(takedown_card, request, jobs, len(found), self._text)

    async def _sweep(self, request: TakedownRequest) -> None:
        """Withhold the results that a granted request concerns and delete their messages everywhere."""
        found = (await self._takedowns.find_jobs(request, self._distance)).all
        await self._takedowns.withhold(found, OPERATOR)
        jobs = await self._jobs(found)
        left = [link for job in jobs for link in await self._delete(job)]
        left += await self._close_cases(jobs)
        now = self._clock.now()
        age = now - (request.decided_at or now)
        if age < SETTLED:
            # A message that could not be deleted is tried again then, too.
            return await self._takedowns.sweep_again(request.number, now + SETTLED)
        if left and age < GIVE_UP:
            return await self._takedowns.sweep_again(request.number, now + RETRY)
        if left:
            sentence = self._text("takedown.left", number=request.number, links="\n".join(left)[:1500])
            self._tell_operators(lambda: error_card(sentence))
        log.info("takedown carried out", request=request.number, jobs=len(found), left=len(left))
        return await self._takedowns.sweep_again(request.number, None)

    async def _delete(self, job: Job) -> Sequence[str]:
        """Delete every message of a job; return links to those that others still see."""
        place = job.place
        left = [link_to(place.guild_id, *message) for message in await self._removal.remove_copies(job)]
        # Retention forgets where old jobs were; they have no message that the bot could find.
        # Only the member sees a hidden message, for as long as their app shows it.
        if place.message_id and not await self._messages.delete(place) and not place.hidden:
            left.append(address_of(place))
        return left

    async def _close_cases(self, jobs: Sequence[Job]) -> Sequence[str]:
        """Close the reports about the messages of these jobs, whose cards show the pictures, too."""
        left: list[str] = []
        batches = {job.batch for job in jobs if job.batch is not None}
        shown = {job.id for job in jobs}
        for batch in batches:
            # The report of one job of a batch shows the results of all.
            shown |= {job.id for job in await self._archive.find_batch(batch)}
        for case in await self._cases.find_open(sorted(shown)):
            cards = [card for card in (case.card, *case.private_cards) if card is not None]
            remaining = [card for card in cards if not await self._messages.delete_post(*card)]
            left += [link_to(case.guild_id, *card) for card in remaining]
            if not remaining:
                await self._cases.record_step(case.number, Step.REMOVE, actor=0)
        return left

    async def _jobs(self, job_ids: Sequence[str]) -> Sequence[Job]:
        jobs = [await self._archive.find(job_id) for job_id in job_ids]
        return [job for job in jobs if job is not None]


def decision_entry(request: TakedownRequest, outcome: TakedownOutcome, actor: str) -> AuditEntry:
    return AuditEntry(actor, AuditAction.TAKEDOWN, {"number": request.number, "outcome": outcome})
