"""OpenTelemetry spans of jobs, exported in memory and over HTTP."""

import asyncio
import socket
import sys
import threading
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from bot import __version__
from bot.jobs.job import Job, Reason, State
from bot.ops import tracing
from bot.ops.observed_jobs import traces_of
from bot.ops.observers import FanOut
from bot.ops.tracing import JobTraces, ids_of
from bot.sandbox.segmind import LocalSegmind
from bot.segmind.states import Completed, Processing
from bot.settings import Settings, SettingsError
from tests.clocks import HeldClock, LeapingClock
from tests.discord.program import forked_program
from tests.harness import Stage, local_segmind, staged
from tests.jobs.orders import job
from tests.patience import PATIENCE

SLUG = "faceswap-v5"
TRACED = {"traces": True}


class Collector:
    """Traces of jobs, and the spans that they exported."""

    def __init__(self, **choices: Any) -> None:
        self.kept = InMemorySpanExporter()
        self.clock = LeapingClock()
        self.traces = JobTraces(self.clock, processor=SimpleSpanProcessor(self.kept), **choices)

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.kept.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]

    def moved(self, job: Job, state: State, *, after: float = 1.0, **facts: Any) -> Job:
        self.clock.time += after
        moved = job.to(state, **facts)
        self.traces.moved(job, moved)
        return moved


def facts(span: ReadableSpan) -> dict[str, Any]:
    return {name.removeprefix("doppel."): value for name, value in (span.attributes or {}).items()}


def seconds(span: ReadableSpan) -> float:
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.end_time - span.start_time) / 1e9


def at(span: ReadableSpan) -> int:
    assert span.context is not None
    return span.context.trace_id


def parent_of(span: ReadableSpan) -> int | None:
    return None if span.parent is None else span.parent.span_id


def own_id(span: ReadableSpan) -> int:
    assert span.context is not None
    return span.context.span_id


@pytest.fixture
def exporters(monkeypatch: pytest.MonkeyPatch) -> list[InMemorySpanExporter]:
    """Spans of each process of the whole bot."""
    kept: list[InMemorySpanExporter] = []

    def exporter() -> InMemorySpanExporter:
        kept.append(InMemorySpanExporter())
        return kept[-1]

    monkeypatch.setattr(tracing, "_exporter", exporter)
    return kept


def traced_stage(
    tmp_path: Path, segmind: LocalSegmind, clock: HeldClock
) -> AbstractAsyncContextManager[Stage]:
    return staged(tmp_path / "doppel.db", segmind, clock, ops=TRACED)


async def test_a_job_is_a_span_with_its_stages_and_waits_in_it(
    exporters: list[InMemorySpanExporter], tmp_path: Path
) -> None:
    clock = HeldClock()
    async with local_segmind(clock) as segmind, traced_stage(tmp_path, segmind, clock) as stage:
        reply = await stage.order(SLUG)
        await stage.finish(reply, "Completed")
        done = await stage.wait_until_told(reply)
    spans = exporters[0].get_finished_spans()
    (whole,) = [span for span in spans if span.name == "job"]
    stages = [span for span in spans if parent_of(span) == own_id(whole)]
    assert [span.name for span in stages] == [
        "waiting",
        "submitting",
        "processing",
        "downloading",
        "delivering",
    ]
    waits = [span for span in spans if span.name == "wait"]
    (processing,) = [span for span in stages if span.name == "processing"]
    assert {parent_of(span) for span in waits} == {own_id(processing)}
    assert facts(waits[-1]) == {"answer": "Completed"}
    assert sum(map(seconds, waits)) == pytest.approx(seconds(processing), abs=1)
    assert facts(whole) == {
        "job": done.id,
        "model": SLUG,
        "request": done.request_id,
        "guild": stage.guild.id,
        "shard": 0,
        "state": "DONE",
        "delivery": "edited",
    }
    assert {at(span) for span in spans} == {ids_of(done.id)[0]}
    assert f"{at(whole):032x}" == sha256(done.id.encode()).hexdigest()[:32]
    assert whole.status.status_code is StatusCode.UNSET


async def test_a_restart_is_a_second_span_of_the_same_trace_with_a_link_to_the_first(
    exporters: list[InMemorySpanExporter], tmp_path: Path
) -> None:
    clock = HeldClock()
    async with local_segmind(clock) as segmind:
        async with traced_stage(tmp_path, segmind, clock) as stage:
            reply = await stage.order(SLUG)
            await reply.says("Queued")
            ordered = await stage.job(reply)
        (first,) = [span for span in exporters[0].get_finished_spans() if span.name == "job"]
        assert facts(first)["state"] == "SUBMITTED"
        assert [event.name for event in first.events] == ["process stopped"]
        async with traced_stage(tmp_path, segmind, clock) as stage:
            async with asyncio.timeout(PATIENCE):
                while not (found := await stage.app.store.find(ordered.id)) or not found.told:
                    clock.move(2)
                    await asyncio.sleep(0.01)
    (second,) = [span for span in exporters[1].get_finished_spans() if span.name == "job"]
    assert at(second) == at(first)
    assert own_id(second) != own_id(first) == ids_of(ordered.id)[1]
    assert second.parent is None
    (link,) = second.links
    assert (link.context.trace_id, link.context.span_id) == ids_of(ordered.id)
    assert facts(second)["resumed"] is True
    assert facts(second)["state"] == "DONE"


async def test_spans_are_exported_over_http_without_what_members_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[Mapping[str, str], bytes]] = []

    async def take(request: web.Request) -> web.Response:
        heard.append((dict(request.headers), await request.read()))
        return web.Response()

    collector = web.Application()
    collector.router.add_post("/v1/traces", take)
    clock = HeldClock()
    async with TestServer(collector) as server, local_segmind(clock) as segmind:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", str(server.make_url("")))
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=seven")
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=tests,service.name=faces")
        async with traced_stage(tmp_path, segmind, clock) as stage:
            reply = await stage.order(SLUG, additional_prompt="a secret smile")
            await stage.finish(reply, "Completed")
            done = await stage.wait_until_told(reply)
    requests = [ExportTraceServiceRequest.FromString(body) for _, body in heard]
    (resource,) = {str(each.resource) for request in requests for each in request.resource_spans}
    for word in ("deployment.environment", "faces", "service.version", __version__):
        assert word in resource
    spans = [
        span
        for request in requests
        for each in request.resource_spans
        for scope in each.scope_spans
        for span in scope.spans
    ]
    assert {"job", "waiting", "processing", "wait", "delivering"} <= {span.name for span in spans}
    assert {span.trace_id.hex() for span in spans} == {f"{ids_of(done.id)[0]:032x}"}
    for headers, body in heard:
        assert headers["x-tenant"] == "seven"
        for typed in (b"smile", b"a.png", done.place.token.encode(), b"alice"):
            assert typed not in body


# Jobs that do not end as they should


def test_a_failure_is_an_error_with_its_reason_but_a_content_refusal_is_not() -> None:
    collector = Collector(shards=4)
    for name, end in (("a", State.FAILED), ("b", State.BLOCKED)):
        collector.traces.opened(order := job(name, server=(7 << 22) + 1))
        order = collector.moved(order, State.SUBMITTING)
        order = collector.moved(order, State.SUBMITTED, request_id=f"r{name}")
        order = collector.moved(order, end, reason=Reason.SEGMIND, detail="what nobody should read")
        collector.clock.time += 2
        collector.traces.delivered(order)
    failed, blocked = collector.named("job")
    assert (failed.status.status_code, failed.status.description) == (StatusCode.ERROR, "segmind")
    assert blocked.status.status_code is StatusCode.UNSET
    assert facts(failed)["shard"] == 3
    assert facts(failed)["reason"] == "segmind"
    assert seconds(failed) == pytest.approx(5)
    assert [seconds(span) for span in collector.named("delivering")] == [2, 2]
    assert "nobody should read" not in "".join(span.to_json() for span in collector.spans)


def test_each_wait_span_has_the_response_that_ended_it() -> None:
    collector = Collector()
    collector.traces.opened(order := job(server=None))
    order = collector.moved(collector.moved(order, State.SUBMITTING), State.SUBMITTED, request_id="r")
    for pause, answer in ((3.0, Processing()), (0.5, Completed(None))):
        collector.clock.time += pause
        collector.traces.polled("r", answer)
    collector.traces.polled("somebody else's", Processing())
    collector.moved(order, State.READY)
    collector.traces.polled("r", Processing())
    waits = collector.named("wait")
    assert [(seconds(span), facts(span)["answer"]) for span in waits] == [
        (3, "Processing"),
        (0.5, "Completed"),
    ]
    assert {parent_of(span) for span in waits} == {own_id(collector.named("processing")[0])}


def test_a_job_taken_over_by_another_process_ends_its_span_and_may_return() -> None:
    collector = Collector()
    collector.traces.opened(order := job())
    collector.traces.lost(order)
    collector.traces.lost(order)
    (first,) = collector.named("job")
    assert facts(first)["lost"] is True
    collector.traces.delivered(collector.moved(order, State.CANCELLED))
    _, again = collector.named("job")
    assert (at(again), facts(again)["resumed"], facts(again)["state"]) == (at(first), True, "CANCELLED")
    assert "shard" in facts(again)


def test_all_listeners_of_a_fan_out_are_notified() -> None:
    one, other = Collector(), Collector()
    both = FanOut(one.traces, other.traces)
    both.opened(order := job())
    sent = order.to(State.SUBMITTING)
    followed = sent.to(State.SUBMITTED, request_id="r")
    both.moved(order, sent)
    both.moved(sent, followed)
    both.polled("r", Processing())
    both.adopted([followed])
    both.delivered(followed)
    both.opened(job("b"))
    both.lost(job("b"))
    assert [span.name for span in one.spans] == [span.name for span in other.spans]
    assert len(one.named("job")) == 3


# Messages to the operator, and the cost where traces are off


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("OTEL_TRACES_EXPORTER", "zipkin", "OTEL_TRACES_EXPORTER is 'zipkin', but must be otlp or console."),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "-1", "jobs cannot be traced: "),
    ],
)
def test_an_unknown_exporter_in_the_environment_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        traces_of(Settings.model_validate({"ops": TRACED}), LeapingClock())
    assert said in str(caught.value)


def test_missing_packages_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bot.ops.tracing", None)
    with pytest.raises(SettingsError, match=r"jobs cannot be traced: .* `pip install 'doppel\[otel\]'`\.$"):
        traces_of(Settings.model_validate({"ops": TRACED}), LeapingClock())
    assert traces_of(Settings(), LeapingClock()) is None


async def test_an_unreachable_collector_does_not_delay_the_shutdown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "_SHUTDOWN_TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
        traces = JobTraces(LeapingClock())
        traces.opened(job())
        await traces.close()
        (still_telling,) = [each for each in threading.enumerate() if each.name == tracing.SHUTDOWN_THREAD]
        assert still_telling.daemon
        await asyncio.to_thread(still_telling.join)


async def test_without_extras_check_reports_them_off_and_imports_none(tmp_path: Path) -> None:
    environment = {"PATH": "", "SEGMIND_BASE_URL": "http://127.0.0.1:9", "DOPPEL_SEGMIND__RETRIES": "0"}
    without = forked_program(
        "check", cwd=tmp_path, environment=environment, module="tests.ops.without_extras"
    )
    async with without as check:
        assert await check.end() == 1
    assert "ok  traces           off: set ops.traces" in check.output
    assert "ok  signatures       off: set c2pa.certificates" in check.output
    assert "NO  Discord's token  missing: set DISCORD_TOKEN" in check.output
    assert "Traceback" not in check.output
