"""A job's life as spans of OpenTelemetry: one for the job, one for each stage, one for each wait for Segmind.

The trace's id follows from the job's, so whoever has one finds the other, and a job that several processes
took up one after the other is one trace. A process that takes a job up begins a span of its own, with a link
to the first one: that one was let go where it was, or died with its process and was never told.

Attributes name the job, its model, its request, its server and the server's shard, and never what was typed.
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
from bot.segmind.protocol import State as Seen

# Whose end nobody wished for; a refusal or a cancellation is no error.
_ERRORS = frozenset({State.FAILED, State.EXPIRED})
_SHARD_BITS = 22
# Seconds that an end waits for what is still to be told.
_FAREWELL = 5.0
SHUTDOWN_GRACE = "last words of the traces"


@dataclass(slots=True)
class _JobSpans:
    """The open spans of a job."""

    whole: Span
    stage: Span
    waits_since: int


class JobTraces:
    """Told of every job that this process opens, adopts, moves and closes, like the meter."""

    def __init__(self, clock: Clock, *, shards: int = 1, processor: SpanProcessor | None = None) -> None:
        """Raises `ValueError` where the environment asks for what there is not."""
        self._clock = clock
        self._shards = shards
        self._ids = _Ids()
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
        if (life := self._running.get(job.id)) is None:
            self._begin(to, first=False)
            return
        now = self._now()
        life.stage.end(now)
        self._requests.pop(job.request_id or "", None)
        life.whole.set_attributes(_attributes(request=to.request_id, state=to.state, reason=to.reason))
        if to.state in _ERRORS:
            life.whole.set_status(Status(StatusCode.ERROR, to.reason))
        life.stage, life.waits_since = self._stage(to, life.whole, now), now

    def told(self, job: Job) -> None:
        self._end(job, delivery=job.delivery)

    def lost(self, job: Job) -> None:
        """It is another process's by now."""
        self._end(job, lost=True)

    def looked(self, request_id: str, seen: Seen) -> None:
        if (life := self._running.get(self._requests.get(request_id, ""))) is None:
            return
        now = self._now()
        self._tracer.start_span(
            "wait",
            set_span_in_context(life.stage, Context()),
            attributes=_attributes(answer=type(seen).__name__),
            start_time=life.waits_since,
        ).end(now)
        life.waits_since = now

    async def close(self) -> None:
        """Let go of the jobs where they are, and tell the collector of what was not told yet."""
        now = self._now()
        for life in self._running.values():
            life.stage.end(now)
            life.whole.add_event("let go", timestamp=now)
            life.whole.end(now)
        self._running.clear()
        self._requests.clear()
        told, loop = asyncio.Event(), asyncio.get_running_loop()

        def shut_down() -> None:
            self._provider.shutdown()
            # The loop may be gone by then.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(told.set)

        # As a daemon, so that the end of the program waits no longer than this for a collector that is away.
        Thread(target=shut_down, name=SHUTDOWN_GRACE, daemon=True).start()
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                await told.wait()

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
        if (life := self._running.pop(job.id, None)) is None:
            return
        self._requests.pop(job.request_id or "", None)
        now = self._now()
        life.stage.end(now)
        life.whole.set_attributes(_attributes(**facts))
        life.whole.end(now)

    def _now(self) -> int:
        return int(self._clock.now() * 1e9)


def ids_of(job_id: str) -> tuple[int, int]:
    """The ids of a job's trace and of the first span in it: the beginning of the SHA-256 of the job's id."""
    digest = sha256(job_id.encode()).digest()
    return int.from_bytes(digest[:16]), int.from_bytes(digest[16:24])


class _Ids(RandomIdGenerator):
    """By chance, but for those that were planned: of the next trace, and of the next span if one is given."""

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
    ours = Resource({"service.name": "doppel", "service.version": __version__})
    # What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say wins.
    return Resource.create().merge(ours).merge(OTELResourceDetector().detect())


def _exporter() -> SpanExporter:
    match os.environ.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp":
        case "otlp":
            return OTLPSpanExporter()
        case "console":
            return ConsoleSpanExporter()
        case other:
            raise ValueError(f"OTEL_TRACES_EXPORTER is {other!r}, but must be otlp or console")
