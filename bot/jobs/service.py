"""Service through which chat prices, places, finds and cancels orders."""

import asyncio
import gc
import secrets
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import structlog

from bot.clock import Clock
from bot.jobs.job import Job, Place, State
from bot.jobs.ports import StaleJob, Store, StoreUnavailable
from bot.jobs.runner import Runner
from bot.jobs.waiting.queue import FairQueue
from bot.jobs.waiting.submission_gate import SubmissionGate
from bot.ledger.account import Balance, Member
from bot.ledger.events import Event
from bot.ledger.ledger import Ledger
from bot.ledger.policy import MemberTerms, Policy, Price, Prices
from bot.ledger.server_rules import ServerRules
from bot.models import FaceModel, ModelCard
from bot.segmind.nonce import new_nonce

log = structlog.stdlib.get_logger(__name__)


class TooManyWaiting(Exception):
    """The member has as many jobs in the queue as are allowed."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class ModelOff(Exception):
    """This server's administrators have switched the model off."""

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


class OrderUnconfirmed(StoreUnavailable):
    """The database became unreachable during the order, which may or may not have been placed."""


class TooLate(Exception):
    """The job was already submitted or has ended, so it cannot be cancelled."""


@dataclass(frozen=True, slots=True)
class Order:
    """Member's order, before it is a job."""

    model: FaceModel
    place: Place
    member: Member
    terms: MemberTerms
    video_seconds: float | None = None
    avatar_of: int | None = None
    """Member whose avatar is the face."""
    agreed: bool = False
    """True for a saved face of the member's own, or an avatar that its member shares."""
    doubtful: bool = False
    """True if the safety gate is in doubt about a file."""


class JobService:
    """Entry point of the job engine for chat."""

    def __init__(
        self,
        *,
        store: Store,
        ledger: Ledger,
        runner: Runner,
        queue: FairQueue,
        gate: SubmissionGate,
        prices: Prices,
        policy: Policy,
        clock: Clock,
        waiting_per_member: int,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._runner = runner
        self._queue = queue
        self._gate = gate
        self._prices = prices
        self._policy = policy
        self._clock = clock
        self._waiting_per_member = waiting_per_member
        # Orders by account that are not in the queue yet.
        self._preparing: Counter[str] = Counter()

    async def resume(self) -> int:
        """Run every open job that no living process owns; return how many there were."""
        count = 0
        async for jobs in self._store.adopt():
            count += len(jobs)
            try:
                await self._load_limits(jobs)
            finally:
                for job in jobs:
                    self._runner.start(job)
            # Lets these begin before the next ones are read, so that nothing else waits for all of them.
            await asyncio.sleep(0)
            # Waiting jobs live for long. The collector would go through all of them, which takes a second for
            # 100,000, while nothing else runs.
            gc.freeze()
        return count

    async def _load_limits(self, jobs: Sequence[Job]) -> None:
        """Apply the limits of these jobs' servers, which no interaction does for jobs that already wait."""
        guild_ids = {job.place.guild_id for job in jobs if job.place.guild_id is not None}
        for guild_id, rules in (await self._ledger.rules_of(guild_ids)).items():
            self._queue.set_limits(guild_id, self._policy.limits_of(rules))

    async def terms(self, member: Member, channels: Collection[int] = ()) -> MemberTerms:
        """Return the member's terms in this server, and apply the server's limits to the queue."""
        if member.guild_id is None:
            return self._policy.terms(member, ServerRules())
        terms = self._policy.terms(member, await self._ledger.rules(member.guild_id), channels)
        self._queue.set_limits(member.guild_id, terms.limits)
        event = await self._ledger.running_event(member.guild_id, monthly=self._policy.bounds.grants_monthly)
        return replace(terms, event=event)

    def price(
        self,
        card: ModelCard,
        body: Mapping[str, Any],
        video_seconds: float | None,
        event: Event | None = None,
    ) -> Price:
        """Price of one job; an event pays a part of it."""
        price = self._prices.of(card, body, video_seconds)
        subsidy = 0 if event is None else event.subsidy(card.slug, price.credits)
        return replace(price, credits=price.credits - subsidy, subsidy=subsidy)

    def unit_price(self, card: ModelCard, body: Mapping[str, Any]) -> int:
        """Price of one picture, or of each started unit of video."""
        return self._prices.unit(card, body)

    def quote(
        self, card: ModelCard, options: Mapping[str, Any], terms: MemberTerms, *, count: int = 1
    ) -> int:
        """Most that a picture costs now in an order of `count`, or each started unit of a video.

        An event counts if it can still pay for all of them, and for the longest video.
        """
        usual, event = self.unit_price(card, options), terms.event
        if event is None:
            return usual
        longest = None if card.per_seconds is None else terms.limits.video_seconds
        subsidy = self.price(card, options, longest, event).subsidy
        return usual - event.subsidy(card.slug, usual) if count * subsidy <= event.left else usual

    async def balance(self, member: Member, terms: MemberTerms) -> Balance:
        """Return the member's balance with today's allowance."""
        stored = await self._ledger.balance(member.account)
        return stored.with_allowance(terms.allowance, self._clock.now())

    @asynccontextmanager
    async def reserve(self, member: Member) -> AsyncGenerator[None]:
        """Count an order as waiting while it is prepared; raise `TooManyWaiting` if there are enough."""
        account = member.account
        if self._queue.waiting(account) + self._preparing[account] >= self._waiting_per_member:
            raise TooManyWaiting(self._waiting_per_member)
        self._preparing[account] += 1
        try:
            yield
            # The job enters the queue in the first step of its own task.
            await asyncio.sleep(0)
        finally:
            self._preparing[account] -= 1
            if not self._preparing[account]:
                del self._preparing[account]

    async def check(
        self,
        model: FaceModel,
        member: Member,
        terms: MemberTerms,
        video_seconds: float | None = None,
        *,
        count: int = 1,
    ) -> None:
        """Raise the errors of `order` that are known before its files are uploaded.

        Without the length of a video, its price counts as that of the shortest one. `count` is the number
        of jobs in the order.
        """
        self._check_admission(model, member, terms)
        (price, *_) = self._prices_of([(model, video_seconds)] * count, terms)
        balance = await self.balance(member, terms)
        balance.allocate(count * price.credits, terms.allowance)

    async def order(self, order: Order, *others: Order) -> Sequence[Job]:
        """Open one job for each order and run them.

        Several orders of one member, in one place, are a batch: all of them are opened, or none.
        """
        orders = (order, *others)
        for each in orders:
            self._check_admission(each.model, each.member, each.terms)
        now = self._clock.now()
        # Jobs of a batch are found in the order of their ids.
        ids = sorted(new_id(now) for _ in orders)
        batch = ids[0] if others else None
        prices = self._prices_of([(each.model, each.video_seconds) for each in orders], order.terms)
        jobs = [
            self._job(each, price, job_id, batch, now)
            for each, price, job_id in zip(orders, prices, ids, strict=True)
        ]
        await self._open(jobs, order.terms)
        for job in jobs:
            log.info("job ordered", job=job.id, model=job.slug, price=job.price, guild=job.place.guild_id)
            self._runner.start(job)
        return jobs

    def _prices_of(
        self, ordered: Sequence[tuple[FaceModel, float | None]], terms: MemberTerms
    ) -> Sequence[Price]:
        """Prices of the jobs of one order. An event pays for all of them, or for none if that is too much."""
        event = terms.event
        prices = [self.price(model.card, model.request_body(), seconds, event) for model, seconds in ordered]
        if event is not None and sum(price.subsidy for price in prices) > event.left:
            return [self.price(model.card, model.request_body(), seconds) for model, seconds in ordered]
        return prices

    def _job(self, order: Order, price: Price, job_id: str, batch: str | None, now: float) -> Job:
        nonce = new_nonce()
        body = order.model.with_nonce(nonce).request_body()
        event = order.terms.event
        return Job(
            id=job_id,
            slug=order.model.card.slug,
            body=body,
            account=order.member.account,
            price=price.credits,
            expected=price.usd,
            place=order.place,
            created_at=now,
            nonce=nonce,
            video_seconds=order.video_seconds,
            batch=batch,
            avatar_of=order.avatar_of,
            subsidy=price.subsidy,
            event=event.id if event is not None and price.subsidy else None,
            agreed=order.agreed,
            doubtful=order.doubtful,
        )

    async def find(self, job_id: str) -> Job | None:
        return await self._store.find(job_id)

    async def find_batch(self, batch: str) -> Sequence[Job]:
        return await self._store.find_batch(batch)

    async def cancel_batch(self, batch: str) -> None:
        """Cancel the jobs of a batch that were not submitted; raise `TooLate` if there are none."""
        waiting = [job for job in await self.find_batch(batch) if job.state is State.HELD]
        cancelled = 0
        # The last ones first, because the first ones may be about to be submitted.
        for job in reversed(waiting):
            with suppress(TooLate):
                await self.cancel(job)
                cancelled += 1
        if not cancelled:
            raise TooLate

    async def cancel(self, job: Job) -> None:
        """Cancel a job while that costs nothing; raise `TooLate` once it was submitted."""
        if job.state is not State.HELD:
            raise TooLate
        try:
            await self._runner.cancel(job)
        except StaleJob:
            raise TooLate from None

    async def redeliver(self, job: Job) -> None:
        """Deliver a settled job once more, because a moderator has decided how it ends."""
        await self._runner.redeliver(job)

    async def ensure_running(self, job: Job) -> None:
        """Run an open job to its end, unless it is running already."""
        self._runner.start(job)

    async def _open(self, jobs: Sequence[Job], terms: MemberTerms) -> None:
        try:
            await self._store.open(jobs[0], terms, *jobs[1:])
        except StoreUnavailable:
            await self._open_again(jobs, terms)

    async def _open_again(self, jobs: Sequence[Job], terms: MemberTerms) -> None:
        """Open the jobs once more, because the answer to the first attempt's commit may be lost.

        The database refuses a second row or a second hold, and waits for a commit that still runs. So after
        any other answer than an outage, the rows are there or were never written. Another process may have
        taken them over by then.
        """
        try:
            await self._store.open(jobs[0], terms, *jobs[1:])
        except Exception as error:
            try:
                found = await self._store.find(jobs[0].id)
            except StoreUnavailable:
                raise OrderUnconfirmed("the answer to an order was lost") from error
            if found is None:
                raise

    def _check_admission(self, model: FaceModel, member: Member, terms: MemberTerms) -> None:
        slug = model.card.slug
        if slug in terms.models_off:
            raise ModelOff(slug)
        self._gate.check(slug)
        if self._queue.waiting(member.account) >= self._waiting_per_member:
            raise TooManyWaiting(self._waiting_per_member)


def new_id(now: float) -> str:
    """Return an id that sorts by its time and cannot be guessed."""
    return f"{int(now * 1000):011x}{secrets.token_hex(6)}"
