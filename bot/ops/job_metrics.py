"""What is counted of the jobs, on their way from state to state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bot.clock import Clock
from bot.jobs.job import Job, State
from bot.segmind.protocol import Completed
from bot.segmind.protocol import State as Seen

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
DELAYS = (0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60)
LOOKS = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100)

# What a job does for as long as it is in a state; whatever comes after is its delivery.
STAGES: Mapping[State, str] = {
    State.HELD: "waiting",
    State.SUBMITTING: "submitting",
    State.UNKNOWN: "searching",
    State.SUBMITTED: "processing",
    State.READY: "downloading",
}
DELIVERING = "delivering"


@dataclass(slots=True)
class _Stay:
    """Where a job is, and since when if that is known."""

    slug: str
    state: State
    since: float | None


@dataclass(slots=True)
class _Looks:
    slug: str
    sent: float | None
    count: int = 0


class JobMeter:
    """Told of every job that this process opens, adopts, moves and closes."""

    def __init__(self, registry: CollectorRegistry, clock: Clock) -> None:
        self._clock = clock
        self._stays: dict[str, _Stay] = {}
        self._looks: dict[str, _Looks] = {}
        self._open = Gauge(
            "doppel_jobs_open", "Jobs of this process by state.", ["model", "state"], registry=registry
        )
        self._ended = Counter(
            "doppel_jobs_ended",
            "Jobs by how they ended, and why where it is no result.",
            ["model", "state", "reason"],
            registry=registry,
        )
        self._seconds = Histogram(
            "doppel_job_stage_seconds",
            "Time that jobs spend waiting, submitting, searching, processing, downloading, delivering.",
            ["model", "stage"],
            buckets=SECONDS,
            registry=registry,
        )
        self._charged = Counter(
            "doppel_credits_charged", "Credits that members paid for results.", ["model"], registry=registry
        )
        self._spent = Counter(
            "doppel_segmind_spent_dollars",
            "US dollars that Segmind charged: as it told, or as expected where it told nothing.",
            ["model", "basis"],
            registry=registry,
        )
        self._delivered = Counter(
            "doppel_deliveries", "Ends of jobs by how they reached their members.", ["way"], registry=registry
        )
        self._looks_per_job = Histogram(
            "doppel_looks_per_job",
            "Questions to Segmind that a job took until its end was seen.",
            ["model"],
            buckets=LOOKS,
            registry=registry,
        )
        self._late = Histogram(
            "doppel_completion_delay_seconds",
            "How late a completion was noticed, a queue that Segmind told nothing of included.",
            ["model"],
            buckets=DELAYS,
            registry=registry,
        )

    def opened(self, job: Job) -> None:
        self._enter(job, self._clock.now())

    def adopted(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            since = {State.HELD: job.created_at, State.SUBMITTED: job.submitted_at}.get(job.state)
            self._leave(job.id)
            self._enter(job, since)

    def moved(self, job: Job, to: Job) -> None:
        stay = self._leave(job.id)
        if stay is not None and stay.since is not None:
            stage = STAGES.get(stay.state, DELIVERING)
            self._seconds.labels(stay.slug, stage).observe(max(0.0, self._clock.now() - stay.since))
        if job.state is State.SUBMITTED:
            self._seen_to_its_end(job)
        if to.state is State.READY:
            self._paid(to)
        if to.state is State.DONE:
            self._charged.labels(to.slug).inc(to.price)
        if to.state.settled:
            self._ended.labels(to.slug, to.state, to.reason or "").inc()
        self._enter(to, self._clock.now())

    def told(self, job: Job) -> None:
        stay = self._leave(job.id)
        if stay is not None and stay.since is not None:
            self._seconds.labels(stay.slug, DELIVERING).observe(max(0.0, self._clock.now() - stay.since))
        self._delivered.labels(job.delivery or "unknown").inc()

    def lost(self, job: Job) -> None:
        """It is another process's by now."""
        self._leave(job.id)
        self._looks.pop(job.request_id or "", None)

    def looked(self, request_id: str, seen: Seen) -> None:
        if (looks := self._looks.get(request_id)) is None:
            return
        looks.count += 1
        if isinstance(seen, Completed) and looks.sent is not None:
            its = seen.metrics
            took = its.total_time or (its.queue_time or 0.0) + (its.inference_time or 0.0)
            if took:
                delay = self._clock.now() - looks.sent - took
                self._late.labels(looks.slug).observe(max(0.0, delay))

    def _enter(self, job: Job, since: float | None) -> None:
        self._stays[job.id] = _Stay(job.slug, job.state, since)
        self._open.labels(job.slug, job.state).inc()
        if job.state is State.SUBMITTED and job.request_id is not None:
            self._looks[job.request_id] = _Looks(job.slug, job.submitted_at)

    def _leave(self, job_id: str) -> _Stay | None:
        stay = self._stays.pop(job_id, None)
        if stay is not None:
            self._open.labels(stay.slug, stay.state).dec()
        return stay

    def _seen_to_its_end(self, job: Job) -> None:
        if looks := self._looks.pop(job.request_id or "", None):
            self._looks_per_job.labels(looks.slug).observe(looks.count)

    def _paid(self, job: Job) -> None:
        if job.cost is None:
            self._spent.labels(job.slug, "expected").inc(job.expected)
        else:
            self._spent.labels(job.slug, "told").inc(job.cost)
