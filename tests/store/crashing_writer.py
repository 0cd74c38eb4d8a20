"""A process that takes jobs through their lives until it is killed, and says what is durable.

python -m tests.store.crashing_writer URL
"""

import asyncio
import os
import sys
import time
from pathlib import Path

from bot.jobs.job import Job, State
from bot.store import SqlStore
from tests.store.orders import LIFE, TERMS, order, through

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "tests.store.crashing_writer")


class WallClock:
    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def say(job: Job) -> None:
    # Past all buffers: what is said was committed before, and is not lost with the process.
    os.write(1, f"{job.id} {job.state}\n".encode())


async def live(store: SqlStore, account: str) -> None:
    while True:
        job = order(account, price=3)
        await store.open(job, TERMS)
        say(job)
        ending = LIFE if int(job.id, 16) % 3 else (State.SUBMITTING, State.FAILED)
        for state in ending:
            job = await through(store, job, state)
            say(job)
        await store.mark_told(job)


async def main(url: str) -> None:
    async with SqlStore(url, start=10**6, clock=WallClock()) as store:
        await asyncio.gather(*(live(store, f"1:{member % 7}") for member in range(40)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
