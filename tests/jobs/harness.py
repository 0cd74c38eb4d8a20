"""A runner over a real database and a real client, with the local Segmind and a watcher that remembers."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from bot.clock import WallClock
from bot.jobs.delivery import Delivery, Refund
from bot.jobs.job import Job
from bot.jobs.poller import Poller
from bot.jobs.ports import JobPorts
from bot.jobs.queue import FairQueue
from bot.jobs.runner import Runner, RunnerConfig
from bot.jobs.stages import Stage
from bot.jobs.submission_gate import SubmissionGate
from bot.jobs.submit import SubmitConfig, Submitter
from bot.jobs.supervision.outage import Outage
from bot.ledger.server_rules import Limits
from bot.sandbox.segmind import LocalSegmind
from bot.segmind.client import RateConfig, Retry, SegmindClient
from bot.segmind.polling import PollTimings
from bot.store import SqlStore
from tests.patience import PATIENCE

HASTE = 0.01
UNRESTRAINED = RateConfig(per_minute=1_000_000)


@dataclass
class Diary:
    """A watcher that writes down what it is shown; `finish` meets `trouble` first, one at a time."""

    stages: list[tuple[str, Stage]] = field(default_factory=list[tuple[str, Stage]])
    ends: dict[str, tuple[Job, bytes | None]] = field(default_factory=dict[str, tuple[Job, bytes | None]])
    trouble: list[Exception] = field(default_factory=list[Exception])
    refund: Refund | None = None
    """Reported for every result that was not refunded yet."""

    def show(self, job: Job, stage: Stage) -> None:
        self.stages.append((job.id, stage))

    def shown(self, name: str) -> list[Stage]:
        return [stage for job_id, stage in self.stages if job_id == name]

    async def finish(self, job: Job, result: bytes | None) -> Delivery | Refund:
        if self.trouble:
            raise self.trouble.pop(0)
        if self.refund is not None and job.reason is not self.refund.reason:
            return self.refund
        self.ends[job.id] = (job, result)
        return Delivery.EDITED


@dataclass
class Workshop:
    runner: Runner
    store: SqlStore
    diary: Diary
    client: SegmindClient
    clock: WallClock
    line: FairQueue
    gate: SubmissionGate

    async def shows(self, name: str, *stages: type[Stage]) -> None:
        """Wait until the job's member was shown one of these."""
        async with asyncio.timeout(PATIENCE):
            while not any(isinstance(stage, stages) for stage in self.diary.shown(name)):
                await asyncio.sleep(0.01)

    async def ended(self, name: str = "a") -> tuple[Job, bytes | None]:
        """The job once its member was told, as the watcher saw it."""
        async with asyncio.timeout(PATIENCE):
            while not ((job := await self.store.find(name)) and job.told):
                await asyncio.sleep(0.01)
        return self.diary.ends[name]


@asynccontextmanager
async def workshop(
    database: Path | str,
    segmind: LocalSegmind,
    speak: type[SegmindClient] = SegmindClient,
    *,
    patience: float = 3600,
    restraint: RateConfig = UNRESTRAINED,
) -> AsyncGenerator[Workshop]:
    clock, diary = WallClock(), Diary()
    client = speak(
        SecretStr("key-of-the-tests"),
        base_url=segmind.url,
        retry=Retry(attempts=1),
        restraint=restraint,
        allowed_hosts={f"{segmind.host}:{segmind.port}"},
    )
    url = database if isinstance(database, str) else f"sqlite:///{database}"
    async with SqlStore(url, start=100, clock=clock) as store, client:
        world = JobPorts(client, store, diary, clock)
        timings = PollTimings({"faceswap-v5": 10}, scale=HASTE)
        line = FairQueue(Limits(per_member=5, per_server=5), in_all=5)
        gate = SubmissionGate(clock, client.scheduler)
        runner = Runner(
            world,
            line=line,
            submitter=Submitter(
                world,
                gate=gate,
                line=line,
                config=SubmitConfig(unknown_window=0.3, unknown_every=HASTE, reconnect=[HASTE]),
            ),
            poller=Poller(
                world,
                pace=lambda job: timings.pace(job.slug),
                timeout=patience,
                history_delays=[HASTE, HASTE],
            ),
            outage=Outage(partial(store.write_value, "room", ""), clock, every=HASTE),
            ledger=store,
            config=RunnerConfig(line_refresh=HASTE, retry=HASTE, result_patience=patience),
        )
        try:
            yield Workshop(runner, store, diary, client, clock, line, gate)
        finally:
            await runner.close()
