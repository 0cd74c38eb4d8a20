"""Invented history of jobs for the picture of the operator's page, in a server of its own."""

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bot.clock import WallClock
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job, Reason, State
from bot.ledger.account import account_of
from bot.sandbox.segmind_server import BALANCE_USD
from bot.store import SqlStore
from bot.store.read.dashboard import DAY, HOUR
from tests.harness import MODELS
from tests.store.orders import TERMS, order

# Slower than the sandbox usually runs, so that a busy machine takes no longer than the cards expect.
SPEED = 2
GUILD, MEMBER = 81384788765712384, 80351110224678912
# Relative number of orders of each model.
SHARES = {"faceswap-v5": 50, "faceswap-v3-multifaceswap": 20, "faceswap-v4": 15, "faceswap-comic": 10}
FAILED, BLOCKED = 0.04, 0.03


@dataclass(frozen=True, slots=True)
class PastJob:
    """A finished job."""

    at: float
    slug: str
    seconds: float
    end: State


def past_jobs(now: float, dice: random.Random) -> Iterator[PastJob]:
    for minute in range(180):
        # More and more jobs over an evening, with a dip.
        busy = 0.4 + minute / 180 - 0.5 * (70 < minute < 95)
        for _ in range(int(busy + dice.random())):
            yield past_job(now - 3 * HOUR + 60 * (minute + dice.random()), dice)
    for day in range(1, 14):
        for _ in range(dice.randrange(6, 20)):
            yield past_job(now - day * DAY, dice)


def past_job(at: float, dice: random.Random) -> PastJob:
    (slug,) = dice.choices(list(SHARES), list(SHARES.values()))
    draw = dice.random()
    end = State.FAILED if draw < FAILED else State.BLOCKED if draw < FAILED + BLOCKED else State.DONE
    return PastJob(at, slug, MODELS[slug].card.seconds / SPEED * dice.lognormvariate(0.1, 0.3), end)


async def _fill_history(database: Path) -> None:
    now = time.time()
    database.parent.mkdir(parents=True, exist_ok=True)
    async with SqlStore(f"sqlite:///{database}", start=round(BALANCE_USD * 100), clock=WallClock()) as store:
        await asyncio.gather(*(_add_job(store, each) for each in past_jobs(now - 60, random.Random(7))))


async def _add_job(store: SqlStore, past: PastJob) -> None:
    usd = MODELS[past.slug].card.usd
    plain = order(account_of(guild_id=GUILD, user_id=MEMBER), round(usd * 100), created_at=past.at)
    place = replace(plain.place, guild_id=GUILD, user_id=MEMBER)
    job = replace(plain, slug=past.slug, place=place)
    await store.open(job, TERMS)
    job = await store.move(job, job.to(State.SUBMITTING, submitted_at=past.at + 0.2))
    job = await store.move(job, job.to(State.SUBMITTED, request_id=f"r-{job.id}"))
    if past.end is State.DONE:
        job = await store.move(job, job.to(State.READY, output="https://segmind.example/o.png", cost=usd))
    ended = past.at + past.seconds
    await store.mark_told(
        replace(await store.move(job, _last(job, past.end, ended)), delivery=Delivery.EDITED)
    )


def _last(job: Job, end: State, at: float) -> Job:
    return job.to(end, settled_at=at, reason=None if end is State.DONE else Reason.SEGMIND)


def fill_history(database: Path) -> None:
    """Create a sandbox's database with this history."""
    asyncio.run(_fill_history(database))
