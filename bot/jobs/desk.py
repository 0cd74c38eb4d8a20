"""The one door for the chat side: price an order, take it, find it again."""

import secrets
from dataclasses import dataclass

import structlog

from bot.credits.account import NotEnoughCredits
from bot.credits.policy import Prices
from bot.jobs.gate import Gate
from bot.jobs.job import Job, Place, State
from bot.jobs.line import Line
from bot.jobs.ports import Clock, Store
from bot.jobs.runner import Runner
from bot.models import FaceModel, ModelCard

log = structlog.stdlib.get_logger(__name__)


class TooManyWaiting(Exception):
    """The member has as many jobs in the line as may be."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Order:
    model: FaceModel
    place: Place
    account: str
    video_seconds: float | None = None


class Desk:
    def __init__(
        self,
        *,
        store: Store,
        runner: Runner,
        line: Line,
        gate: Gate,
        prices: Prices,
        clock: Clock,
        waiting_per_member: int,
    ) -> None:
        self._store = store
        self._runner = runner
        self._line = line
        self._gate = gate
        self._prices = prices
        self._clock = clock
        self._waiting_per_member = waiting_per_member

    async def resume(self) -> int:
        """Go on with every job that a former run left open."""
        jobs = await self._store.adopt()
        # Those that are with Segmind already keep their places; the others wait for what is left.
        for job in sorted(jobs, key=lambda job: job.state is State.HELD):
            self._runner.start(job)
        return len(jobs)

    def price(self, card: ModelCard, video_seconds: float | None) -> int:
        return self._prices.of(card, video_seconds)

    async def check(self, card: ModelCard, account: str, video_seconds: float | None) -> None:
        """Refuse early what `order` would refuse, before anything is uploaded for it."""
        self._admit(card, account)
        price, balance = self.price(card, video_seconds), await self._store.balance(account)
        if balance.free < price:
            raise NotEnoughCredits(need=price, have=balance.free)

    async def order(self, order: Order) -> Job:
        card = order.model.card
        self._admit(card, order.account)
        job_id = new_id(self._clock.now())
        job = Job(
            id=job_id,
            slug=card.slug,
            body=order.model.with_nonce(job_id).wire(),
            account=order.account,
            price=self.price(card, order.video_seconds),
            place=order.place,
            created_at=self._clock.now(),
            video_seconds=order.video_seconds,
        )
        await self._store.open(job)
        log.info("a job was ordered", job=job.id, model=job.slug, price=job.price, guild=job.place.guild_id)
        self._runner.start(job)
        return job

    def _admit(self, card: ModelCard, account: str) -> None:
        self._gate.ask(card.slug)
        if self._line.waiting(account) >= self._waiting_per_member:
            raise TooManyWaiting(self._waiting_per_member)


def new_id(now: float) -> str:
    """Ids sort by their time and cannot be guessed."""
    return f"{int(now * 1000):011x}{secrets.token_hex(6)}"
