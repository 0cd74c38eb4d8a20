"""OpenTelemetry spans of jobs: one for the job, one for each stage, one for each wait for Segmind.

The trace's id is derived from the job's, so that each can be found from the other, and a job that several
processes work on is one trace. A process that takes a job over starts a span of its own with a link to the
first one, which was ended early by its process, or lost with it.

Attributes name the job, its model, its request, its server and the server's shard, but never what a member
typed.
"""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from threading import Thread

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.util.types import AttributeValue

from bot import __version__
from bot.clock import Clock
from bot.jobs.job import Job, State
from bot.ops.job_metrics import DELIVERING, STAGES
from bot.segmind.states import State as SegmindState

# A content refusal or a cancellation is not an error of the service.
_ERRORS = frozenset({State.FAILED, State.EXPIRED})
_SHARD_BITS = 22
# Seconds that the shutdown waits for the export of the last spans.
_SHUTDOWN_TIMEOUT = 5.0
SHUTDOWN_THREAD = "trace export"


@dataclass(slots=True)
class _JobSpans:
    """The open spans of a job."""

    whole: Span
    stage: Span
    waits_since: int


class JobTraces:
    """Job listener that exports the jobs of this process as spans."""

    def __init__(self, clock: Clock, *, shards: int = 1, processor: SpanProcessor | None = None) -> None:
        """Raise `ValueError` if the environment names an unknown exporter."""
        self._clock = clock
        self._shards = shards
        self._ids = _PlannedIds()
        self._running: dict[str, _JobSpans] = {}
        self._requests: dict[str, str] = {}
        self._provider = TracerProvider(id_generator=self._ids, resource=_resource(), shutdown_on_exit=False)
        self._provider.add_span_processor(processor or BatchSpanProcessor(_exporter()))
        self._tracer = self._provider.get_tracer("doppel", __version__)

    def opened(self, job: Job) -> None:
        self._begin(job, first=True)

    def adopted(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self.lost(job)
            self._begin(job, first=False)

    def moved(self, job: Job, to: Job) -> None:
        if (spans := self._running.get(job.id)) is None:
            self._begin(to, first=False)
            return
        now = self._now()
        spans.stage.end(now)
        self._requests.pop(job.request_id or "", None)
        spans.whole.set_attributes(_attributes(request=to.request_id, state=to.state, reason=to.reason))
        if to.state in _ERRORS:
            spans.whole.set_status(Status(StatusCode.ERROR, to.reason))
        spans.stage, spans.waits_since = self._stage(to, spans.whole, now), now

    def delivered(self, job: Job) -> None:
        self._end(job, delivery=job.delivery)

    def lost(self, job: Job) -> None:
        """Another process has taken the job over."""
        self._end(job, lost=True)

    def polled(self, request_id: str, state: SegmindState) -> None:
        if (spans := self._running.get(self._requests.get(request_id, ""))) is None:
            return
        now = self._now()
        self._tracer.start_span(
            "wait",
            set_span_in_context(spans.stage, Context()),
            attributes=_attributes(answer=type(state).__name__),
            start_time=spans.waits_since,
        ).end(now)
        spans.waits_since = now

    async def close(self) -> None:
        """End all spans, and export those that were not exported yet."""
        now = self._now()
        for spans in self._running.values():
            spans.stage.end(now)
            spans.whole.add_event("process stopped", timestamp=now)
            spans.whole.end(now)
        self._running.clear()
        self._requests.clear()
        exported, loop = asyncio.Event(), asyncio.get_running_loop()

        def shut_down() -> None:
            self._provider.shutdown()
            # The loop may be closed by then.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(exported.set)

        # A daemon thread, so that an unreachable collector delays the end of the program no longer than this.
        Thread(target=shut_down, name=SHUTDOWN_THREAD, daemon=True).start()
        with suppress(TimeoutError):
            async with asyncio.timeout(_SHUTDOWN_TIMEOUT):
                await exported.wait()

    def _begin(self, job: Job, *, first: bool) -> None:
        now = self._now()
        trace_id, span_id = ids_of(job.id)
        self._ids.plan(trace_id, span_id if first else None)
        origin = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
        guild = job.place.guild_id
        whole = self._tracer.start_span(
            "job",
            Context(),
            attributes=_attributes(
                job=job.id,
                model=job.slug,
                request=job.request_id,
                guild=guild,
                shard=None if guild is None else (guild >> _SHARD_BITS) % self._shards,
                state=job.state,
                resumed=None if first else True,
            ),
            links=[] if first else [Link(origin)],
            start_time=now,
        )
        self._running[job.id] = _JobSpans(whole, self._stage(job, whole, now), now)

    def _stage(self, job: Job, whole: Span, now: int) -> Span:
        if job.state is State.SUBMITTED and job.request_id is not None:
            self._requests[job.request_id] = job.id
        name = STAGES.get(job.state, DELIVERING)
        return self._tracer.start_span(name, set_span_in_context(whole, Context()), start_time=now)

    def _end(self, job: Job, **facts: AttributeValue | None) -> None:
        if (spans := self._running.pop(job.id, None)) is None:
            return
        self._requests.pop(job.request_id or "", None)
        now = self._now()
        spans.stage.end(now)
        spans.whole.set_attributes(_attributes(**facts))
        spans.whole.end(now)

    def _now(self) -> int:
        return int(self._clock.now() * 1e9)


def ids_of(job_id: str) -> tuple[int, int]:
    """Ids of a job's trace and of its first span, from the SHA-256 of the job's id."""
    digest = sha256(job_id.encode()).digest()
    return int.from_bytes(digest[:16]), int.from_bytes(digest[16:24])


class _PlannedIds(RandomIdGenerator):
    """Random ids, except for the ids planned for the next trace and span."""

    def __init__(self) -> None:
        self._trace_id: int | None = None
        self._span_id: int | None = None

    def plan(self, trace_id: int, span_id: int | None) -> None:
        self._trace_id, self._span_id = trace_id, span_id

    def generate_trace_id(self) -> int:
        planned, self._trace_id = self._trace_id, None
        return planned or super().generate_trace_id()

    def generate_span_id(self) -> int:
        planned, self._span_id = self._span_id, None
        return planned or super().generate_span_id()


def _attributes(**facts: AttributeValue | None) -> dict[str, AttributeValue]:
    return {f"doppel.{name}": value for name, value in facts.items() if value is not None}


def _resource() -> Resource:
    defaults = Resource({"service.name": "doppel", "service.version": __version__})
    # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES take precedence.
    return Resource.create().merge(defaults).merge(OTELResourceDetector().detect())


def _exporter() -> SpanExporter:
    match os.environ.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp":
        case "otlp":
            return OTLPSpanExporter()
        case "console":
            return ConsoleSpanExporter()
        case other:
            raise ValueError(f"OTEL_TRACES_EXPORTER is {other!r}, but must be otlp or console")
