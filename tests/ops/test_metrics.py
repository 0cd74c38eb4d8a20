"""Metrics of the whole bot, for every way in which a job can end."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator
from typing import cast

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from bot.jobs.delivery import Delivery
from bot.jobs.job import Job, Reason, State
from bot.jobs.ports import StaleJob, Store
from bot.ledger.account import NotEnoughCredits
from bot.ledger.ledger import AuditEntry
from bot.ops.job_metrics import JobMeter
from bot.ops.loop_lag import measure_lag
from bot.ops.metrics import Metrics
from bot.ops.observers import ObservedStore
from bot.segmind.states import Completed, Queued
from bot.segmind.states import Metrics as Told
from tests.clocks import LeapingClock
from tests.harness import MODELS, Stage
from tests.jobs.orders import job
from tests.ops.scrape import Scrape, fetch, scrape, scrape_until
from tests.segmind_docs import PRICES
from tests.store.orders import adopted_by
from tests.wording import wording

SLUG = "faceswap-v5"
STAGES = ("waiting", "submitting", "processing", "downloading", "delivering")


async def test_a_completed_job_moves_all_metrics_of_its_stages(stage: Stage) -> None:
    reply = await stage.order(SLUG)
    await reply.says("Queued")
    under_way = await scrape(stage.app.served_at)
    assert under_way("doppel_jobs_open", model=SLUG, state="SUBMITTED") == 1
    assert under_way("doppel_jobs_open") == under_way("doppel_jobs_in_flight") == 1
    assert under_way("doppel_credits_captured_total") == under_way("doppel_jobs_ended_total") == 0
    await stage.finish(reply, "Completed")
    seen = await scrape_until(stage.app.served_at, lambda found: found("doppel_deliveries_total") == 1)
    assert seen("doppel_jobs_ended_total", model=SLUG, state="DONE", reason="") == 1
    assert seen("doppel_jobs_open") == seen("doppel_jobs_in_flight") == 0
    assert seen("doppel_deliveries_total", route="edited") == 1
    for each in STAGES:
        assert seen("doppel_job_stage_seconds_count", model=SLUG, stage=each) == 1, each
    assert seen("doppel_job_stage_seconds_count") == len(STAGES)
    assert seen("doppel_credits_captured_total", model=SLUG) == PRICES[SLUG]
    assert seen("doppel_segmind_cost_dollars_total", model=SLUG, basis="reported") == pytest.approx(0.05)
    assert seen("doppel_segmind_cost_dollars_total", basis="expected") == 0


async def test_calls_of_segmind_and_of_the_store_are_counted(stage: Stage) -> None:
    reply = await stage.order(SLUG)
    await reply.says("Queued")
    await stage.finish(reply, "Completed")
    seen = await scrape_until(stage.app.served_at, lambda found: found("doppel_deliveries_total") == 1)
    # The bot uploads both pictures first.
    for request, count in (("submission", 1), ("upload", 2)):
        assert seen("doppel_segmind_responses_total", request=request, code="200") == count, request
    polls = seen("doppel_polls_per_job_sum", model=SLUG)
    assert seen("doppel_segmind_responses_total", request="poll", code="200") == polls >= 1
    assert seen("doppel_polls_per_job_count") == 1
    # The limit in the tests' settings: the local Segmind refused nothing.
    assert seen("doppel_segmind_rate_per_minute") == 1_000_000
    assert seen("doppel_completion_delay_seconds_count", model=SLUG) == 1
    for call, outcome in (("submit", "Accepted"), ("status", "Completed"), ("fetch", "bytes")):
        assert seen("doppel_segmind_calls_total", call=call, outcome=outcome) == 1, call
    commits = seen("doppel_store_batch_seconds_count")
    # Opened, SUBMITTING, SUBMITTED, READY, DONE, told; and the fingerprints of the inputs and of the result.
    assert seen("doppel_store_batch_changes_sum") == 8
    # One commit may write several of them.
    assert 6 <= commits == seen("doppel_store_batch_changes_count") <= 8
    assert seen("doppel_store_batch_seconds_sum") > 0


@pytest.mark.parametrize(
    ("fault", "state", "word"),
    [("failed=The model failed.", "FAILED", "Failed"), ("blocked=Content blocked.", "BLOCKED", "Blocked")],
)
async def test_a_job_without_a_result_is_counted_and_nothing_is_charged(
    stage: Stage, fault: str, state: str, word: str
) -> None:
    stage.segmind.faults.next("submit", fault)
    reply = await stage.order(SLUG)
    await stage.finish(reply, word)
    seen = await scrape_until(stage.app.served_at, lambda found: found("doppel_deliveries_total") == 1)
    assert seen("doppel_jobs_ended_total", model=SLUG, state=state, reason=Reason.SEGMIND) == 1
    assert seen("doppel_jobs_ended_total") == 1
    assert seen("doppel_jobs_open") == 0
    assert seen("doppel_credits_captured_total") == seen("doppel_segmind_cost_dollars_total") == 0
    assert seen("doppel_segmind_responses_total", code="422") == 1
    assert seen("doppel_segmind_calls_total", call="status", outcome="Failed") == 1


async def test_rejected_submissions_are_counted_by_code_and_reason(stage: Stage) -> None:
    stage.segmind.faults.next("submit", "rate-limit=0")
    await (await stage.order(SLUG)).says("Queued")
    stage.segmind.faults.next("submit", "bad-key")
    await (await stage.order(SLUG)).says(wording("state.unavailable"))
    seen = await scrape_until(stage.app.served_at, lambda found: found("doppel_deliveries_total") == 1)
    assert seen("doppel_jobs_ended_total", state="FAILED", reason=Reason.SERVICE) == 1
    assert seen("doppel_segmind_responses_total", request="submission", code="429") == 1
    assert seen("doppel_segmind_responses_total", request="submission", code="401") == 1
    assert seen("doppel_segmind_calls_total", call="submit", outcome="KeyRejected") == 1
    # The first job waited once more after its 429.
    assert seen("doppel_job_stage_seconds_count", stage="waiting") == 3


async def test_rejected_orders_are_counted_by_the_kind_of_error(stage: Stage) -> None:
    await (await stage.order(SLUG, source_image=("a.png", b"words"))).refused(wording("media.unrecognised"))
    await stage.app.store.adjust(stage.account, -98, "", AuditEntry("1", "take"))
    await (await stage.order(SLUG)).refused("credits")
    seen = await scrape(stage.app.served_at)
    assert seen("doppel_member_errors_total", kind=NotEnoughCredits.__name__) == 1
    assert seen("doppel_member_errors_total", kind="Unusable") == 1
    assert seen("doppel_member_errors_total") == 2
    assert seen("doppel_jobs_ended_total") == seen("doppel_jobs_open") == 0


@pytest.mark.stage(jobs={"per_member": 1, "pace": 0.01, "line_refresh": 0.01})
async def test_waiting_and_running_jobs_are_exported(stage: Stage) -> None:
    await (await stage.order(SLUG)).says("Queued")
    for place in (1, 2):
        await (await stage.order(SLUG)).says(f"number {place} in line")
    seen = await scrape(stage.app.served_at)
    assert (seen("doppel_jobs_waiting"), seen("doppel_jobs_in_flight")) == (2, 1)
    assert seen("doppel_jobs_open", state="HELD") == 2
    # SQLite has one worker, which serves all of Discord through one connection.
    assert seen("doppel_workers") == seen("doppel_shards_assigned") == seen("doppel_shards_connected") == 1
    assert "doppel_lease_remaining_seconds" not in seen.names()


@pytest.mark.stage(
    segmind={"inputs": "link", "outage_failures": 2, "outage_pause": 3600, "unknown_window": 0}
)
async def test_an_open_breaker_and_an_unknown_outcome_are_exported(stage: Stage) -> None:
    # Only a history with another order, such as this failed one, proves that the lost one is missing.
    await stage.finish(await stage.order(SLUG), "Nothing was charged")
    stage.segmind.faults.next("submit", "drop-before", times=2)
    await (await stage.order(SLUG)).says("Lost on the way")
    seen = await scrape_until(stage.app.served_at, lambda found: found("doppel_deliveries_total") == 2)
    assert seen("doppel_job_stage_seconds_count", stage="searching") == 1
    assert seen("doppel_jobs_ended_total", state="FAILED", reason=Reason.NOT_FOUND) == 1
    assert seen("doppel_segmind_breaker_open") == 0
    await (await stage.order(SLUG)).says("Checking")
    seen = await scrape(stage.app.served_at)
    assert seen("doppel_segmind_responses_total", request="submission", code="none") == 2
    assert seen("doppel_segmind_calls_total", call="submit", outcome="OutcomeUnknown") == 2
    assert seen("doppel_jobs_open", state="UNKNOWN") == 1
    assert seen("doppel_segmind_breaker_open", service="api") == 1
    assert seen("doppel_segmind_breaker_open", service="results") == 0


async def test_metrics_contain_no_id_and_no_secret_and_have_few_labels(stage: Stage) -> None:
    replies = [await stage.order(slug) for slug in MODELS if slug != "ai-face-swap"]
    other = await stage.order_as(stage.another_member("bob"), "ai-face-swap")
    for reply in (*replies, other):
        await stage.finish(reply, "Completed")
    await (await stage.order(SLUG, source_image=("a.png", b"words"))).refused(wording("media.unrecognised"))
    ends = len(replies) + 1
    seen = await scrape_until(stage.app.served_at, lambda found: found("doppel_deliveries_total") == ends)
    found = await stage.job(other)
    hidden = {
        found.id, found.request_id, found.place.token, found.account, "key-of-the-tests",
        *(str(each) for each in (stage.guild.id, stage.channel.id, stage.member.id, found.place.user_id)),
        *(str(reply.id) for reply in (*replies, other)),
    }  # fmt: skip
    assert not [each for each in hidden if each and each in seen.text]
    bounds = {("le", value) for name, value in seen.labels() if name == "le"}
    labels = seen.labels() - bounds
    assert {name for name, _ in labels} <= {
        "model", "state", "reason", "stage", "basis", "route", "kind", "code", "call", "outcome",
        "service", "version", "request",
    }  # fmt: skip
    assert not [value for name, value in labels if re.search(r"\d{4}", value) and name != "version"]
    assert all(name.startswith("doppel_") for name in seen.names())


async def test_openmetrics_is_served_to_clients_that_accept_it(stage: Stage) -> None:
    content, media_type = Metrics().exposition("application/openmetrics-text; version=1.0.0")
    assert media_type.startswith("application/openmetrics-text")
    assert content.endswith(b"# EOF\n")
    assert (await fetch(stage.app.served_at, "/nothing"))[0] == 404


# Metrics of events that the whole bot rarely meets


def read(registry: CollectorRegistry) -> Scrape:
    return Scrape(generate_latest(registry).decode())


class ScriptedStore:
    """Store whose adopted jobs the test sets."""

    def __init__(self, *jobs: Job) -> None:
        self.jobs = jobs
        self.lost = False

    async def adopt(self) -> AsyncGenerator[tuple[Job, ...]]:
        yield self.jobs

    async def move(self, job: Job, to: Job) -> Job:
        del job
        if self.lost:
            raise StaleJob
        return to

    async def mark_told(self, job: Job) -> None:
        del job
        if self.lost:
            raise StaleJob


def observed(
    scripted_store: ScriptedStore, clock: LeapingClock
) -> tuple[ObservedStore, JobMeter, CollectorRegistry]:
    registry = CollectorRegistry()
    jobs = JobMeter(registry, clock)
    return ObservedStore(cast("Store", scripted_store), jobs), jobs, registry


async def test_adopted_jobs_are_open_and_only_their_known_times_are_observed() -> None:
    clock = LeapingClock(1000.0)
    waiting = job("waiting", created_at=940.0)
    sent = job("sent", state=State.SUBMITTED, request_id="r", submitted_at=970.0)
    ready = job("ready", state=State.READY, output="https://files.example/o.png")
    store, _, registry = observed(ScriptedStore(waiting, sent, ready), clock)
    await adopted_by(store)
    assert read(registry)("doppel_jobs_open") == 3
    await store.move(waiting, waiting.to(State.SUBMITTING, submitted_at=1000.0))
    await store.move(sent, sent.to(State.READY, output="https://files.example/p.png"))
    await store.move(ready, ready.to(State.DONE, settled_at=1000.0))
    seen = read(registry)
    assert seen("doppel_job_stage_seconds_sum", stage="waiting") == 60
    assert seen("doppel_job_stage_seconds_sum", stage="processing") == 30
    assert seen("doppel_job_stage_seconds_count", stage="downloading") == 0
    # Segmind reported no cost.
    assert seen("doppel_segmind_cost_dollars_total", basis="expected") == pytest.approx(0.05)


@pytest.mark.parametrize("step", ["move", "tell"])
async def test_a_job_that_another_process_has_taken_over_is_not_open_here(step: str) -> None:
    done = job("a", state=State.DONE, delivery=Delivery.EDITED)
    scripted_store = ScriptedStore(done)
    store, _, registry = observed(scripted_store, LeapingClock())
    await adopted_by(store)
    scripted_store.lost = True
    with pytest.raises(StaleJob):
        await (store.mark_told(done) if step == "tell" else store.move(done, done))
    seen = read(registry)
    assert seen("doppel_jobs_open") == seen("doppel_deliveries_total") == 0
    assert seen("doppel_jobs_ended_total") == 0


async def test_the_delay_excludes_segminds_own_time() -> None:
    clock = LeapingClock(1000.0)
    sent = job("sent", state=State.SUBMITTED, request_id="r", submitted_at=980.0)
    store, jobs, registry = observed(ScriptedStore(sent), clock)
    await adopted_by(store)
    jobs.polled("r", Queued())
    jobs.polled("another's", Queued())
    jobs.polled("r", Completed(None, Told(inference_time=12.0, queue_time=5.0)))
    await store.move(sent, sent.to(State.READY))
    seen = read(registry)
    assert seen("doppel_completion_delay_seconds_sum") == 3
    assert seen("doppel_polls_per_job_sum") == 2


def test_discord_responses_are_labelled_by_the_kind_of_request_alone() -> None:
    metrics = Metrics()
    for method, path, status in (
        ("PATCH", "/api/v10/webhooks/12/tok.en/messages/34", 200),
        ("PATCH", "/api/v10/channels/12/messages/34", 429),
        ("POST", "/api/v10/channels/12/messages", 403),
        ("POST", "/api/v10/interactions/12/tok.en/callback", 200),
        ("GET", "/api/v10/users/@me", 999),
    ):
        metrics.count_discord_response(method, path, status)
    seen = read(metrics.registry)
    for request, code in (("edit", "200"), ("edit", "429"), ("send", "403"), ("respond", "200")):
        assert seen("doppel_discord_responses_total", request=request, code=code) == 1
    assert seen("doppel_discord_responses_total", request="other", code="other") == 1
    assert seen("doppel_discord_responses_total") == 5


async def test_the_lag_of_a_blocked_loop_is_measured() -> None:
    lags: list[float] = []
    async with measure_lag(lags.append, every=0.001):
        # Let the measurement begin its sleep.
        await asyncio.sleep(0)
        time.sleep(0.05)  # noqa: ASYNC251 - this is what is measured
        while not lags:
            await asyncio.sleep(0)
    assert lags[0] >= 0.04
