"""Orders for the tests, and a clock that stands still until a test moves it."""

import asyncio
import uuid
from dataclasses import replace

from bot.jobs.job import Job, Place, State
from bot.jobs.ports import Store
from bot.ledger.allowance import Allowance
from bot.ledger.budgets import Caps
from bot.ledger.policy import MemberTerms
from bot.ledger.server_rules import Limits
from bot.store import SqlStore

START = 100
# Without allowance and caps, an account has only what it was granted.
TERMS = MemberTerms(Allowance(0), Caps(), Limits())

LIFE = (State.SUBMITTING, State.SUBMITTED, State.READY, State.DONE)


class HandClock:
    """Clock that the test moves; a sleeper wakes when its time has come."""

    def __init__(self, time: float = 1_763_700_000.25) -> None:
        self.time = time
        self.turns = 0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        wake = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.time + seconds, wake))
        self.turns += 1
        await wake

    def advance(self, seconds: float) -> None:
        self.time += seconds
        for until, wake in self._sleepers:
            if until <= self.time and not wake.done():
                wake.set_result(None)


def order(account: str = "1:2", price: int = 5, *, created_at: float = 1_763_700_000.1) -> Job:
    job_id, nonce = uuid.uuid4().hex, uuid.uuid4().hex
    return Job(
        id=job_id,
        slug="faceswap-v5",
        body={"source_image": f"https://cdn.example/face.png?doppel={nonce}", "seed": 7},
        account=account,
        price=price,
        expected=price / 100,
        place=Place(
            user_id=2,
            channel_id=3,
            message_id=2**62 + 1,
            application_id=5,
            token="a-token",
            token_until=created_at + 900,
            guild_id=1,
        ),
        created_at=created_at,
        nonce=nonce,
    )


def batch(*prices: int) -> list[Job]:
    """Jobs that were ordered at once, one for each price."""
    jobs = sorted((order(price=price) for price in prices), key=lambda job: job.id)
    return [replace(job, batch=jobs[0].id) for job in jobs]


async def money(store: SqlStore, account: str) -> tuple[int, int]:
    """Free and held credits of an account."""
    balance = await store.balance(account)
    return balance.free, balance.held


async def enrolled(store: SqlStore, account: str = "1:2") -> None:
    """Create the account, with all of its starting credits."""
    await through(store, await opened(store, account, price=0), State.CANCELLED)


async def opened(store: SqlStore, account: str = "1:2", price: int = 5) -> Job:
    job = order(account, price)
    await store.open(job, TERMS)
    return job


async def through(store: SqlStore, job: Job, *states: State) -> Job:
    """Move a job through these states, each with its data."""
    for state in states:
        match state:
            case State.SUBMITTED:
                to = job.to(state, request_id=f"r-{job.id}", submitted_at=job.created_at + 1.1)
            case State.READY:
                to = job.to(state, output=f"https://segmind.example/{job.id}.png", cost=0.0512)
            case _:
                to = job.to(state, settled_at=job.created_at + 9.3) if state.settled else job.to(state)
        job = await store.move(job, to)
    return job


async def adopted_by(store: Store) -> list[Job]:
    """Adopt every orphaned job; return them in the order of their slices."""
    return [job async for jobs in store.adopt() for job in jobs]
