"""Snapshot of everything that the dashboard shows, as plain data.

Jobs, spending and cases are those of all processes; the rest is of this one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import median, quantiles
from typing import Any

from bot import __version__
from bot.ops.dashboard.cache import Cached
from bot.ops.dashboard.recurring_ledger_check import RecurringLedgerCheck
from bot.ops.dashboard.timeseries import TimeSeries
from bot.ops.job_metrics import DELIVERING, STAGES
from bot.ops.sources import Sources
from bot.store.read.dashboard import DAY, HOUR, Count, DashboardQueries, Past, Present, Worker

# An open page reads a snapshot every other second; the charts change by the minute.
PRESENT_EVERY, PAST_EVERY = 1.0, 5.0
# With a million jobs, a check of what is new in the ledger takes a second of a core.
LEDGER_CHECK_EVERY = 3600.0
# `doppel credits audit` shows all discrepancies; the page shows the first ones.
MAX_DISCREPANCIES = 5
# A database that takes longer to answer counts as unavailable.
TIMEOUT = 2.0
TEN_MINUTES = 600.0
NEXT = 5
# The minimum for interpolating quantiles.
_FEW = 2


class SnapshotReader:
    """Reads snapshots; queries of the database are cached and shared between readers."""

    def __init__(self, sources: Sources, queries: DashboardQueries, series: TimeSeries) -> None:
        self._sources = sources
        self._queries = queries
        self._series = series
        self._clock = clock = sources.clock
        self._present = Cached(queries.present, clock, seconds=PRESENT_EVERY)
        self._past = Cached(lambda: queries.past(clock.now()), clock, seconds=PAST_EVERY)
        self._ledger_check = Cached(
            RecurringLedgerCheck(queries.check_ledger, clock).run, clock, seconds=LEDGER_CHECK_EVERY
        )

    async def read(self) -> Mapping[str, Any]:
        await self._present.refresh(max_wait=TIMEOUT)
        await self._past.refresh(max_wait=TIMEOUT)
        # The check takes longer the more entries there are, so the page does not wait for it.
        await self._ledger_check.refresh(max_wait=0)
        present, past = self._present.last, self._past.last
        now = self._clock.now()
        return {
            "at": now,
            "version": __version__,
            "began": self._series.began,
            "pause": self._sources.pause.since,
            # Earlier results stay on the page, marked as stale.
            "stale": self._present.failed or self._past.failed or self._sources.outage.is_active(),
            "jobs": None if present is None else _jobs(present),
            "queue": self._queue(),
            "models": self._models(past),
            "spend": None if past is None else self._spend(past),
            "segmind": self._segmind(),
            "discord": self._discord(),
            "process": self._process(present),
            "failures": None if past is None else _failures(past),
            "cases": None if present is None else self._cases(present),
            "ledger": self._ledger(),
            "charts": None if past is None else self._charts(past, now),
        }

    async def close(self) -> None:
        for each in (self._present, self._past, self._ledger_check):
            await each.close()

    def _queue(self) -> Mapping[str, Any]:
        sources, jobs = self._sources, self._sources.settings.jobs
        return {
            "waiting": sources.queue.length,
            "running": sources.queue.running,
            "next": list(sources.queue.next_ids(NEXT)),
            "in_all": jobs.in_all,
            "per_server": jobs.per_server,
            "per_member": jobs.per_member,
            "waiting_per_member": jobs.waiting_per_member,
        }

    def _models(self, past: Past | None) -> Sequence[Mapping[str, Any]]:
        learned: dict[str, list[float]] = {}
        for entry in self._sources.timings.export():
            learned.setdefault(entry["slug"], []).extend(entry["seconds"])
        last_hour = {} if past is None else {each.slug: each for each in past.models}
        return [
            {
                "slug": slug,
                "title": card.title,
                "usual": card.seconds * self._sources.settings.jobs.pace,
                "learned": _quantiles(learned.get(slug, [])),
                "hour": asdict(last_hour[slug]) if slug in last_hour else None,
            }
            for slug, card in self._sources.cards.items()
        ]

    def _spend(self, past: Past) -> Mapping[str, Any]:
        return {
            "today": past.days[-1][1],
            "cap": self._sources.policy.operator_usd,
            "servers": [
                {
                    # JavaScript's numbers cannot hold an id of this size.
                    "id": str(month.guild_id),
                    "name": self._sources.client.server_name(month.guild_id),
                    "spent": month.spent,
                    "cap": self._sources.policy.monthly_of(month.rules),
                }
                for month in past.months
            ],
        }

    def _segmind(self) -> Mapping[str, Any]:
        sources, series = self._sources, self._series
        return {
            "responses": {
                "ten_minutes": series.segmind_responses(TEN_MINUTES),
                "hour": series.segmind_responses(HOUR),
            },
            "per_minute": sources.rate.per_minute(self._clock.now()),
            "per_minute_limit": sources.settings.segmind.requests_per_minute,
            "open_breakers": [name for name, scheduler in sources.schedulers.items() if scheduler.in_outage],
            "closed": [{"model": slug, "why": str(reason)} for slug, reason in sources.gate.closures.items()],
            "empty": sources.gate.is_empty,
            "left": sources.balance.left,
            "low": sources.settings.segmind.low_balance,
        }

    def _discord(self) -> Mapping[str, Any]:
        sources, series = self._sources, self._series
        return {
            "online": sources.client.shards_online,
            "wanted": sources.client.shards_wanted,
            "ready": sources.client.is_ready(),
            "invalid_requests": sources.invalid_requests.recent,
            "limit": sources.settings.discord.refusals,
            "responses": {
                "ten_minutes": series.discord_responses(TEN_MINUTES),
                "hour": series.discord_responses(HOUR),
            },
        }

    def _process(self, present: Present | None) -> Mapping[str, Any]:
        workers: Sequence[Worker] = [] if present is None else present.workers
        return {
            "processes": self._sources.cluster.processes,
            "lease": self._sources.store.lease_left(),
            "lag": {"minute": self._series.worst_lag(60.0), "hour": self._series.worst_lag(HOUR)},
            "all": [{"id": each.id[:8], "lease": each.lease_left, "shards": each.shards} for each in workers],
        }

    def _cases(self, present: Present) -> Mapping[str, Any]:
        return {
            "open": present.open_cases,
            "patience": self._sources.settings.safety.escalate_hours * HOUR,
            "oldest": [asdict(case) for case in present.cases],
            "asked": asdict(present.pending_approvals),
        }

    def _ledger(self) -> Mapping[str, Any] | None:
        if self._ledger_check.last is None:
            return None
        found, extent = self._ledger_check.last
        return {
            "at": self._ledger_check.at,
            "wrong": len(found),
            "sentences": found[:MAX_DISCREPANCIES],
            **asdict(extent),
        }

    def _charts(self, past: Past, now: float) -> Mapping[str, Any]:
        reach = self._queries.reach
        minutes: dict[float, dict[str, int]] = {}
        for ended in past.ended:
            minutes.setdefault(ended.at, {})[ended.state] = ended.jobs
        return {
            "since": now - reach.charts,
            "until": now,
            "jobs": [{"at": at, **states} for at, states in minutes.items()],
            "stretch": reach.stretch,
            "times": [asdict(each) for each in past.times],
            "queue": [{"at": sample.at, "waiting": sample.waiting} for sample in self._series.samples],
            "days": [{"at": at, "usd": usd} for at, usd in past.days],
            "day": DAY,
        }


def _jobs(present: Present) -> Mapping[str, Any]:
    return {
        "counts": [_count(count) for count in present.counts],
        "oldest": [
            {
                "id": job.id,
                "model": job.slug,
                "state": STAGES.get(job.state, DELIVERING),
                "created_at": job.created_at,
                "submitted_at": job.submitted_at,
            }
            for job in present.oldest
        ],
    }


def _count(count: Count) -> Mapping[str, Any]:
    return {
        "model": count.slug,
        "state": STAGES.get(count.state, DELIVERING),
        "jobs": count.jobs,
        "since": count.since,
    }


def _failures(past: Past) -> Mapping[str, Any]:
    return {
        "groups": [
            {
                "model": each.slug,
                "state": each.state,
                "reason": each.reason,
                "jobs": each.jobs,
                "last": each.last,
            }
            for each in past.failures
        ],
        "deliveries": past.deliveries,
    }


def _quantiles(seconds: Sequence[float]) -> Mapping[str, Any] | None:
    if not seconds:
        return None
    most = quantiles(seconds, n=10, method="inclusive")[-1] if len(seconds) >= _FEW else seconds[0]
    return {"jobs": len(seconds), "half": median(seconds), "most": most}
