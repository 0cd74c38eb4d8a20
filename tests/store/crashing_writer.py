"""Process that runs jobs until it is killed, and prints each durable state.

python -m tests.store.crashing_writer URL
"""

import asyncio
import os
import sys
import time

from bot.jobs.job import Job, State
from bot.store import SqlStore
from tests.store.orders import LIFE, TERMS, order, through

MODULE = "tests.store.crashing_writer"


class WallClock:
    """The real time."""

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def report(job: Job) -> None:
    # An unbuffered write, which is not lost with the process.
    os.write(1, f"{job.id} {job.state}\n".encode())


async def run_jobs(store: SqlStore, account: str) -> None:
    while True:
        job = order(account, price=3)
        await store.open(job, TERMS)
        report(job)
        states = LIFE if int(job.id, 16) % 3 else (State.SUBMITTING, State.FAILED)
        for state in states:
            job = await through(store, job, state)
            report(job)
        await store.mark_told(job)


async def main(url: str) -> None:
    async with SqlStore(url, start=10**6, clock=WallClock()) as store:
        await asyncio.gather(*(run_jobs(store, f"1:{member % 7}") for member in range(40)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
