"""Metrics of jobs, counted as they move from state to state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bot.clock import Clock
from bot.jobs.job import Job, State
from bot.segmind.states import Completed
from bot.segmind.states import State as SegmindState

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
DELAYS = (0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60)
POLLS = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100)

# Stage of a job in each state; in every other state it is being delivered.
STAGES: Mapping[State, str] = {
    State.HELD: "waiting",
    State.SUBMITTING: "submitting",
    State.UNKNOWN: "searching",
    State.SUBMITTED: "processing",
    State.READY: "downloading",
}
DELIVERING = "delivering"


@dataclass(slots=True)
class _StateSpan:
    """State of a job, and since when if that is known."""

    slug: str
    state: State
    since: float | None


@dataclass(slots=True)
class _Polls:
    """Number of polls for one request."""

    slug: str
    submitted_at: float | None
    count: int = 0


class JobMeter:
    """Job listener that counts, times and prices the jobs of this process."""

    def __init__(self, registry: CollectorRegistry, clock: Clock) -> None:
        self._clock = clock
        self._spans: dict[str, _StateSpan] = {}
        self._polls: dict[str, _Polls] = {}
        self._open = Gauge(
            "doppel_jobs_open", "Open jobs of this process, by state.", ["model", "state"], registry=registry
        )
        self._ended = Counter(
            "doppel_jobs_ended",
            "Ended jobs by final state, and the reason if there is no result.",
            ["model", "state", "reason"],
            registry=registry,
        )
        self._seconds = Histogram(
            "doppel_job_stage_seconds",
            "Seconds that jobs spend waiting, submitting, searching, processing, downloading, delivering.",
            ["model", "stage"],
            buckets=SECONDS,
            registry=registry,
        )
        self._captured = Counter(
            "doppel_credits_captured", "Credits captured for results.", ["model"], registry=registry
        )
        self._cost = Counter(
            "doppel_segmind_cost_dollars",
            "US dollars that Segmind charged: as reported, or as expected if it reported nothing.",
            ["model", "basis"],
            registry=registry,
        )
        self._delivered = Counter(
            "doppel_deliveries", "Delivered jobs by the route to their members.", ["route"], registry=registry
        )
        self._polls_per_job = Histogram(
            "doppel_polls_per_job",
            "Number of polls per job.",
            ["model"],
            buckets=POLLS,
            registry=registry,
        )
        self._delay = Histogram(
            "doppel_completion_delay_seconds",
            "Seconds from completion to the poll that saw it, plus queue time that Segmind did not report.",
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
        span = self._leave(job.id)
        if span is not None and span.since is not None:
            stage = STAGES.get(span.state, DELIVERING)
            self._seconds.labels(span.slug, stage).observe(max(0.0, self._clock.now() - span.since))
        if job.state is State.SUBMITTED:
            self._polling_ended(job)
        if to.state is State.READY:
            self._count_cost(to)
        if to.state is State.DONE:
            self._captured.labels(to.slug).inc(to.price)
        if to.state.settled:
            self._ended.labels(to.slug, to.state, to.reason or "").inc()
        self._enter(to, self._clock.now())

    def delivered(self, job: Job) -> None:
        span = self._leave(job.id)
        if span is not None and span.since is not None:
            self._seconds.labels(span.slug, DELIVERING).observe(max(0.0, self._clock.now() - span.since))
        self._delivered.labels(job.delivery or "unknown").inc()

    def lost(self, job: Job) -> None:
        """Another process has taken the job over."""
        self._leave(job.id)
        self._polls.pop(job.request_id or "", None)

    def polled(self, request_id: str, state: SegmindState) -> None:
        if (polls := self._polls.get(request_id)) is None:
            return
        polls.count += 1
        if isinstance(state, Completed) and polls.submitted_at is not None:
            times = state.metrics
            duration = times.total_time or (times.queue_time or 0.0) + (times.inference_time or 0.0)
            if duration:
                delay = self._clock.now() - polls.submitted_at - duration
                self._delay.labels(polls.slug).observe(max(0.0, delay))

    def _enter(self, job: Job, since: float | None) -> None:
        self._spans[job.id] = _StateSpan(job.slug, job.state, since)
        self._open.labels(job.slug, job.state).inc()
        if job.state is State.SUBMITTED and job.request_id is not None:
            self._polls[job.request_id] = _Polls(job.slug, job.submitted_at)

    def _leave(self, job_id: str) -> _StateSpan | None:
        span = self._spans.pop(job_id, None)
        if span is not None:
            self._open.labels(span.slug, span.state).dec()
        return span

    def _polling_ended(self, job: Job) -> None:
        if polls := self._polls.pop(job.request_id or "", None):
            self._polls_per_job.labels(polls.slug).observe(polls.count)

    def _count_cost(self, job: Job) -> None:
        if job.cost is None:
            self._cost.labels(job.slug, "expected").inc(job.expected)
        else:
            self._cost.labels(job.slug, "reported").inc(job.cost)
