"""Hours and days that never were, for a picture that has something to show: in a server of their own."""

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
from bot.sandbox.segmind_server import DOLLARS
from bot.store import SqlStore
from bot.store.read.dashboard import DAY, HOUR
from tests.harness import MODELS
from tests.store.orders import TERMS, order

GUILD, MEMBER = 81384788765712384, 80351110224678912
# How often each model is ordered.
SHARES = {"faceswap-v5": 50, "faceswap-v3-multifaceswap": 20, "faceswap-v4": 15, "faceswap-comic": 10}
FAILED, BLOCKED = 0.04, 0.03


@dataclass(frozen=True, slots=True)
class Moment:
    at: float
    slug: str
    seconds: float
    end: State


def moments(now: float, dice: random.Random) -> Iterator[Moment]:
    for minute in range(180):
        # An evening: more and more, with a dip.
        busy = 0.4 + minute / 180 - 0.5 * (70 < minute < 95)
        for _ in range(int(busy + dice.random())):
            yield moment(now - 3 * HOUR + 60 * (minute + dice.random()), dice)
    for day in range(1, 14):
        for _ in range(dice.randrange(6, 20)):
            yield moment(now - day * DAY, dice)


def moment(at: float, dice: random.Random) -> Moment:
    (slug,) = dice.choices(list(SHARES), list(SHARES.values()))
    fate = dice.random()
    end = State.FAILED if fate < FAILED else State.BLOCKED if fate < FAILED + BLOCKED else State.DONE
    # At the speed of the sandbox.
    return Moment(at, slug, MODELS[slug].card.seconds / 10 * dice.lognormvariate(0.1, 0.3), end)


async def _lived(database: Path) -> None:
    now = time.time()
    database.parent.mkdir(parents=True, exist_ok=True)
    async with SqlStore(f"sqlite:///{database}", start=round(DOLLARS * 100), clock=WallClock()) as store:
        await asyncio.gather(*(_end(store, each) for each in moments(now - 60, random.Random(7))))


async def _end(store: SqlStore, its: Moment) -> None:
    usd = MODELS[its.slug].card.usd
    plain = order(account_of(guild_id=GUILD, user_id=MEMBER), round(usd * 100), created_at=its.at)
    place = replace(plain.place, guild_id=GUILD, user_id=MEMBER)
    job = replace(plain, slug=its.slug, place=place)
    await store.open(job, TERMS)
    job = await store.move(job, job.to(State.SUBMITTING, submitted_at=its.at + 0.2))
    job = await store.move(job, job.to(State.SUBMITTED, request_id=f"r-{job.id}"))
    if its.end is State.DONE:
        job = await store.move(job, job.to(State.READY, output="https://segmind.example/o.png", cost=usd))
    ended = its.at + its.seconds
    await store.mark_told(
        replace(await store.move(job, _last(job, its.end, ended)), delivery=Delivery.EDITED)
    )


def _last(job: Job, end: State, at: float) -> Job:
    return job.to(end, settled_at=at, reason=None if end is State.DONE else Reason.SEGMIND)


def lived(database: Path) -> None:
    """Make this the database of a sandbox that has seen all of it."""
    asyncio.run(_lived(database))
