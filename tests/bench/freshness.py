"""Delay with which members see changes of their jobs, and its cost in requests: the bot beside the SDK.

Both work for the same members under the same limit, in virtual time: the bot by its own client, scheduler and
poller, the SDK by the loop of its `wait`, a status at once and after every second. The SDK raises an error
when the key is refused, which would lose the job; here it waits for the reset and repeats the request.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from statistics import mean, median, quantiles
from typing import Any, cast

from pydantic import SecretStr

from bot.jobs.job import Job, State
from bot.jobs.poller import Poller
from bot.jobs.ports import JobPorts
from bot.jobs.stages import Processing, Stage
from bot.jobs.waiting.submission_gate import SubmissionGate
from bot.segmind.client import RateConfig, Retry, SegmindClient
from bot.segmind.polling import PollTimings
from bot.segmind.requests import Endpoints, Request
from bot.segmind.responses import RATE_LIMITED, Response
from tests.bench import virtual_time
from tests.bench.figures import Figure, at_least, at_most, plain
from tests.bench.simulated_segmind import SimulatedSegmind
from tests.bench.virtual_time import VirtualClock
from tests.harness import MODELS
from tests.jobs.orders import job as make_job

LIMITS, FLIGHTS = (50, 500, 1_000), (1, 10, 50, 200)
SLUGS = ("faceswap-v5", "faceswap-v4")
USUAL = {slug: MODELS[slug].card.seconds for slug in SLUGS}
WARM_UP, WINDOW = 300.0, 600.0
ROUNDS = 3
# One job at a time needs more runs for as many changes.
CHANGES = 30
# Two equal means differ by so much.
NOISE = 1.05
KINDS = ("COMPLETED", "PROCESSING", "FAILED")
ENDPOINTS = Endpoints.from_urls("http://segmind.example")


@dataclass(eq=False, slots=True)
class Shown:
    """Times when members saw the states of each request."""

    processing: dict[str, float] = field(default_factory=dict[str, float])
    ended: dict[str, float] = field(default_factory=dict[str, float])

    def see(self, request_id: str, state: str, now: float) -> None:
        if state in {"COMPLETED", "FAILED"}:
            self.ended.setdefault(request_id, now)
        if state != "QUEUED":
            # A job that was never seen to be processed is shown as such when its end is.
            self.processing.setdefault(request_id, now)


@dataclass(frozen=True, slots=True)
class Result:
    """Measurements of one run."""

    per_minute: float
    requests: float
    """Requests per ended job."""
    delays: dict[str, list[float]]


Member = Callable[[SimulatedSegmind, Shown, int], Callable[[str], Awaitable[None]]]
"""Prepares a run, and returns what a member's job does from its submission to its end."""


def bot(segmind: SimulatedSegmind, shown: Shown, limit: int) -> Callable[[str], Awaitable[None]]:
    clock = VirtualClock()
    client = SegmindClient(
        SecretStr("key"),
        base_url=ENDPOINTS.api,
        retry=Retry(attempts=1),
        rate_config=RateConfig(per_minute=limit),
        clock=clock,
    )
    vars(client)["_transport"] = segmind
    gate = SubmissionGate(clock, client.scheduler)
    timings = PollTimings(USUAL)

    class Watcher:
        """Notes the time when a member would see a stage."""

        def show(self, job: Job, stage: Stage) -> None:
            if isinstance(stage, Processing):
                shown.see(job.request_id or "", "PROCESSING", clock.now())

    class Store:
        """Notes the time of each end."""

        async def move(self, job: Job, to: Job) -> Job:
            state = "COMPLETED" if to.state is State.READY else "FAILED"
            shown.see(job.request_id or "", state, clock.now())
            return to

    ports = JobPorts(client, cast("Any", Store()), cast("Any", Watcher()), clock)
    poller = Poller(ports, timing_of=lambda job: timings.timing(job.slug), timeout=3600)

    async def run(slug: str) -> None:
        await gate.acquire(slug)
        accepted = await client.submit(slug, {})
        job = make_job(slug=slug, state=State.SUBMITTED, request_id=accepted.request_id)
        await poller.poll(replace(job, submitted_at=clock.now()))

    return run


def sdk(segmind: SimulatedSegmind, shown: Shown, limit: int) -> Callable[[str], Awaitable[None]]:
    del limit
    clock = VirtualClock()

    async def ask(request: Request) -> dict[str, Any]:
        while (response := await segmind.exchange(request, 0)).status == RATE_LIMITED:
            await asyncio.sleep(max(0.01, _reset(response) - clock.now()))
        return dict(response.fields())

    async def run(slug: str) -> None:
        request_id: str = (await ask(ENDPOINTS.submit(slug, {})))["request_id"]
        while True:
            state: str = (await ask(ENDPOINTS.status(request_id)))["status"]
            if state == "COMPLETED":
                await ask(ENDPOINTS.result(request_id))
            shown.see(request_id, state, clock.now())
            if state in {"COMPLETED", "FAILED"}:
                return
            await asyncio.sleep(1.0)

    return run


def figures() -> Iterator[Figure]:
    for limit in LIMITS:
        for flight in FLIGHTS:
            yield from _compared(flight, limit)
    both = [measure(bot, 200, 500, seed, names_state=True) for seed in range(ROUNDS)]
    yield plain(
        "freshness, 200 in flight at 500 a minute: requests per job where one serves for poll and result",
        median(each.requests for each in both),
        "requests",
    )


def _compared(flight: int, limit: int) -> Iterator[Figure]:
    seeds = range(max(ROUNDS, CHANGES // flight))
    ours = [measure(bot, flight, limit, seed) for seed in seeds]
    theirs = [measure(sdk, flight, limit, seed) for seed in seeds]
    name = f"freshness, {flight} in flight at {limit:,} a minute"
    yield from _spread(f"{name}: results a minute", [each.per_minute for each in ours], "a minute")
    yield plain(f"{name}: the SDK's results a minute", median(each.per_minute for each in theirs), "a minute")
    yield from _spread(f"{name}: requests per job", [each.requests for each in ours], "requests")
    yield plain(f"{name}: the SDK's requests per job", median(each.requests for each in theirs), "requests")
    yield at_most(
        f"{name}: requests to the SDK's",
        median(each.requests for each in ours) / median(each.requests for each in theirs),
        "ratio",
        1,
    )
    for kind in KINDS:
        for label, value in (("mean", mean), ("p95", _p95)):
            # Of all seeds together: a run of one job at a time has few failures.
            our, their = (value([d for each in runs for d in each.delays[kind]]) for runs in (ours, theirs))
            yield plain(f"{name}: {label} delay of {kind}", our, "s")
            yield plain(f"{name}: the SDK's {label} delay of {kind}", their, "s")
            if label == "mean":
                yield at_most(f"{name}: {label} delay of {kind} to the SDK's", our / their, "ratio", NOISE)
    possible = min(limit / 3, flight / mean(USUAL.values()) * 60)
    if possible == limit / 3:
        yield at_least(
            f"{name}: results to those of three requests each",
            median(each.per_minute for each in ours) / possible,
            "ratio",
            0.9,
        )


def measure(member: Member, flight: int, limit: int, seed: int, *, names_state: bool = False) -> Result:
    """Let so many members order again and again, and return what they saw in the window."""
    return virtual_time.run(_measure(member, flight, limit, seed, names_state=names_state))


async def _measure(member: Member, flight: int, limit: int, seed: int, *, names_state: bool) -> Result:
    clock, shown = VirtualClock(), Shown()
    segmind = SimulatedSegmind(clock, limit=limit, usual=USUAL, names_state=names_state, seed=seed)
    run = member(segmind, shown, limit)
    numbers = count()

    async def order() -> None:
        while True:
            await run(SLUGS[next(numbers) % len(SLUGS)])

    members = [asyncio.create_task(order()) for _ in range(flight)]
    await asyncio.sleep(WARM_UP)
    began, requests_before = clock.now(), segmind.requests
    await asyncio.sleep(WINDOW)
    ended, requests = clock.now(), segmind.requests - requests_before
    for task in members:
        task.cancel()
    await asyncio.gather(*members, return_exceptions=True)
    finished = sum(began < at <= ended for at in shown.ended.values())
    return Result(finished / WINDOW * 60, requests / max(1, finished), _delays(segmind, shown, began, ended))


def _delays(segmind: SimulatedSegmind, shown: Shown, began: float, ended: float) -> dict[str, list[float]]:
    """Delays of the changes in the window; one that was not seen by its end counts until then."""
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for request_id, job in segmind.jobs.items():
        if began < job.processing_at <= ended:
            found["PROCESSING"].append(shown.processing.get(request_id, ended) - job.processing_at)
        if began < job.ended_at <= ended:
            kind = "FAILED" if job.failed else "COMPLETED"
            found[kind].append(shown.ended.get(request_id, ended) - job.ended_at)
    return found


def _spread(name: str, values: Sequence[float], unit: str) -> Iterator[Figure]:
    yield plain(name, median(values), unit)
    yield plain(f"{name}, spread", (max(values) - min(values)) / median(values), "of the median")


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else mean(values)


def _reset(response: Response) -> float:
    return response.rate_reset or 0.0
