"""Runner over a real database and a real client, with the local Segmind and a watcher that records."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pydantic import SecretStr

from bot.clock import WallClock
from bot.jobs.delivery import Delivery, Refund
from bot.jobs.fetcher import FetchConfig, ResultFetcher
from bot.jobs.job import Job, State
from bot.jobs.poller import Poller
from bot.jobs.ports import JobPorts
from bot.jobs.runner import Runner, RunnerConfig
from bot.jobs.stages import Stage
from bot.jobs.submit import SubmitConfig, Submitter
from bot.jobs.supervision.decisions import OperatorDecisions, OutcomesUnknown
from bot.jobs.supervision.outage import Outage
from bot.jobs.unknown.search import SearchConfig, SubmissionSearch
from bot.jobs.waiting.queue import FairQueue
from bot.jobs.waiting.submission_gate import SubmissionGate
from bot.ledger.server_rules import Limits
from bot.sandbox.segmind import LocalSegmind
from bot.segmind.client import RateConfig, Retry, SegmindClient
from bot.segmind.nonce import with_nonce
from bot.segmind.polling import PollTimings
from bot.store import SqlStore
from tests.jobs.orders import TERMS, job, nonce_of
from tests.media.files import picture
from tests.patience import PATIENCE

TICK = 0.01
UNLIMITED = RateConfig(per_minute=1_000_000)


@dataclass
class RecordingWatcher:
    """Watcher that records what it is shown; `finish` raises the `errors` first, one at a time."""

    stages: list[tuple[str, Stage]] = field(default_factory=list[tuple[str, Stage]])
    ends: dict[str, tuple[Job, bytes | None]] = field(default_factory=dict[str, tuple[Job, bytes | None]])
    errors: list[Exception] = field(default_factory=list[Exception])
    refund: Refund | None = None
    """Reported for every result that was not refunded yet."""

    def show(self, job: Job, stage: Stage) -> None:
        self.stages.append((job.id, stage))

    def stages_of(self, job_id: str) -> list[Stage]:
        return [stage for shown_id, stage in self.stages if shown_id == job_id]

    async def finish(self, job: Job, result: bytes | None) -> Delivery | Refund:
        if self.errors:
            raise self.errors.pop(0)
        if self.refund is not None and job.reason is not self.refund.reason:
            return self.refund
        self.ends[job.id] = (job, result)
        return Delivery.EDITED


class RecordingOperator:
    """Operator that records what it is told."""

    def __init__(self) -> None:
        self.events: list[OutcomesUnknown] = []

    def tell(self, event: OutcomesUnknown) -> None:
        self.events.append(event)


@dataclass
class JobHarness:
    """Parts of one process's job engine."""

    runner: Runner
    store: SqlStore
    watcher: RecordingWatcher
    client: SegmindClient
    clock: WallClock
    queue: FairQueue
    gate: SubmissionGate
    operator: RecordingOperator
    submitter: Submitter

    async def shows(self, job_id: str, *stages: type[Stage]) -> None:
        """Wait until the member was shown one of these stages."""
        async with asyncio.timeout(PATIENCE):
            while not any(isinstance(stage, stages) for stage in self.watcher.stages_of(job_id)):
                await asyncio.sleep(0.01)

    async def ended(self, job_id: str = "a") -> tuple[Job, bytes | None]:
        """Wait until the job is closed; return what the watcher was given at its end."""
        async with asyncio.timeout(PATIENCE):
            while not ((job := await self.store.find(job_id)) and job.told):
                await asyncio.sleep(0.01)
        return self.watcher.ends[job_id]

    async def leave_open(self, order: Job, *states: tuple[State, dict[str, Any]]) -> Job:
        """Leave a job as a crash would: moved through these states, and run by nobody."""
        await self.store.open(order, TERMS)
        for state, changes in states:
            order = await self.store.move(order, replace(order, state=state, **changes))
        return order


@asynccontextmanager
async def job_harness(
    url: str,
    segmind: LocalSegmind,
    client_class: type[SegmindClient] = SegmindClient,
    *,
    job_timeout: float = 3600,
    forgotten_after: float = 3600,
    rate: RateConfig = UNLIMITED,
) -> AsyncGenerator[JobHarness]:
    clock, watcher, operator = WallClock(), RecordingWatcher(), RecordingOperator()
    client = client_class(
        SecretStr("key-of-the-tests"),
        base_url=segmind.url,
        retry=Retry(attempts=1),
        rate_config=rate,
        allowed_hosts={f"{segmind.host}:{segmind.port}"},
    )
    async with SqlStore(url, start=100, clock=clock) as store, client:
        ports = JobPorts(client, store, watcher, clock)
        timings = PollTimings({"faceswap-v5": 10}, scale=TICK)
        queue = FairQueue(Limits(per_member=5, per_server=5), in_all=5)
        gate = SubmissionGate(clock, client.scheduler)
        submitter = Submitter(
            ports,
            gate=gate,
            queue=queue,
            search=SubmissionSearch(
                client,
                store,
                OperatorDecisions(store, operator.tell, clock),
                clock,
                SearchConfig(window=0.3, interval=TICK, ask_after=0.3),
            ),
            config=SubmitConfig(reconnect_delays=[TICK], slot_interval=TICK),
        )
        runner = Runner(
            ports,
            queue=queue,
            submitter=submitter,
            poller=Poller(
                ports,
                timing_of=lambda job: timings.timing(job.slug),
                timeout=job_timeout,
                history_delays=[TICK, TICK],
                forgotten_after=forgotten_after,
            ),
            fetcher=ResultFetcher(
                ports, FetchConfig(timeout=job_timeout, retry_delay=TICK, forgotten_after=forgotten_after)
            ),
            outage=Outage(partial(store.write_value, "probe", ""), clock, interval=TICK),
            ledger=store,
            config=RunnerConfig(position_interval=TICK, retry_delay=TICK),
        )
        try:
            yield JobHarness(runner, store, watcher, client, clock, queue, gate, operator, submitter)
        finally:
            await runner.close()


def inline_job(job_id: str = "a") -> Job:
    """Job whose pictures are data URIs, so that Segmind need not fetch them."""
    target = "data:image/png;base64," + base64.b64encode(picture("PNG")).decode()
    # Segmind's history keeps a short address whole, and nothing decodes the face.
    face = with_nonce("data:image/png,face", nonce_of(job_id))
    return job(job_id, body={"source_image": face, "target_image": target, "additional_prompt": job_id})
