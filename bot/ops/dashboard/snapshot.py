"""All that the operator's page shows, as plain data: jobs of all processes, and the rest of this one."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median, quantiles
from typing import Any, Protocol

from bot import __version__
from bot.clock import Clock
from bot.jobs.queue import FairQueue
from bot.jobs.submission_gate import SubmissionGate
from bot.jobs.supervision.balance import BalanceMonitor
from bot.jobs.supervision.outage import Outage
from bot.jobs.supervision.pause import OperatorPause
from bot.ledger.policy import Policy
from bot.models import ModelCard
from bot.ops.dashboard.cache import Cached
from bot.ops.dashboard.timeseries import TimeSeries
from bot.ops.health import Client
from bot.ops.job_metrics import DELIVERING, STAGES
from bot.segmind.polling import PollTimings
from bot.segmind.scheduler import RequestScheduler
from bot.store.read.dashboard import DAY, HOUR, Count, DashboardQueries, Past, Present, Worker

# A page that is open asks every other second; the charts move by the minute.
PRESENT_EVERY, PAST_EVERY = 1.0, 5.0
# Every entry is read for it.
BOOKS_EVERY = 3600.0
# Where many things are wrong, `doppel credits audit` tells all of them.
TOLD = 5
# A database that takes longer is told as one that is away.
PATIENCE = 2.0
TEN_MINUTES = 600.0
NEXT = 5
# A quantile of fewer is one of them.
_FEW = 2


class Refusals(Protocol):
    @property
    def recent(self) -> int: ...


class Company(Protocol):
    @property
    def processes(self) -> int: ...


class Lease(Protocol):
    def lease_left(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the operator has set, to be seen beside what there is."""

    per_minute: int
    per_member: int
    per_server: int
    in_all: int
    waiting_per_member: int
    low_balance: float
    refusals: int
    escalate_hours: float
    pace: float


@dataclass(frozen=True, slots=True)
class Sources:
    """The parts of the bot that are looked at."""

    overview: DashboardQueries
    cards: Mapping[str, ModelCard]
    policy: Policy
    bounds: Bounds
    line: FairQueue
    gate: SubmissionGate
    pause: OperatorPause
    watch: BalanceMonitor
    timings: PollTimings
    schedulers: Mapping[str, RequestScheduler]
    outage: Outage
    cluster: Company
    lease: Lease
    client: Client
    refusals: Refusals


class SnapshotReader:
    def __init__(self, sources: Sources, ring: TimeSeries, clock: Clock) -> None:
        self._its = sources
        self._ring = ring
        self._clock = clock
        overview = sources.overview
        self._present = Cached(lambda: overview.present(clock.now()), clock, seconds=PRESENT_EVERY)
        self._past = Cached(lambda: overview.past(clock.now()), clock, seconds=PAST_EVERY)
        self._books = Cached(overview.audit, clock, seconds=BOOKS_EVERY)

    async def read(self) -> Mapping[str, Any]:
        await self._present.look(patience=PATIENCE)
        await self._past.look(patience=PATIENCE)
        # That takes as long as there are entries, so whoever looks at the page does not wait for it.
        await self._books.look(patience=0)
        present, past = self._present.last, self._past.last
        now = self._clock.now()
        return {
            "at": now,
            "version": __version__,
            "began": self._ring.began,
            "pause": self._its.pause.since,
            # What was read before stays, and is said to be old.
            "trouble": self._present.failed or self._past.failed or self._its.outage.is_active(),
            "jobs": None if present is None else _jobs(present),
            "line": self._line(),
            "models": self._models(past),
            "spend": None if past is None else self._spend(past),
            "segmind": self._segmind(),
            "discord": self._discord(),
            "process": self._process(present, now),
            "troubles": None if past is None else _troubles(past),
            "cases": None if present is None else self._cases(present),
            "books": self._added_up(),
            "charts": None if past is None else self._charts(past, now),
        }

    async def close(self) -> None:
        for each in (self._present, self._past, self._books):
            await each.close()

    def _line(self) -> Mapping[str, Any]:
        its, bounds = self._its, self._its.bounds
        return {
            "waiting": its.line.length,
            "running": its.line.running,
            "next": list(its.line.next_ids(NEXT)),
            "in_all": bounds.in_all,
            "per_server": bounds.per_server,
            "per_member": bounds.per_member,
            "waiting_per_member": bounds.waiting_per_member,
        }

    def _models(self, past: Past | None) -> Sequence[Mapping[str, Any]]:
        learned: dict[str, list[float]] = {}
        for entry in self._its.timings.export():
            learned.setdefault(entry["slug"], []).extend(entry["seconds"])
        lately = {} if past is None else {each.slug: each for each in past.models}
        return [
            {
                "slug": slug,
                "title": card.title,
                "usual": card.seconds * self._its.bounds.pace,
                "learned": _quantiles(learned.get(slug, [])),
                "hour": asdict(lately[slug]) if slug in lately else None,
            }
            for slug, card in self._its.cards.items()
        ]

    def _spend(self, past: Past) -> Mapping[str, Any]:
        return {
            "today": past.days[-1][1],
            "cap": self._its.policy.operator_usd,
            "servers": [
                {
                    # A number of this size is not exact in a browser.
                    "id": str(month.guild_id),
                    "spent": month.spent,
                    "cap": self._its.policy.monthly_of(month.rules),
                }
                for month in past.months
            ],
        }

    def _segmind(self) -> Mapping[str, Any]:
        its, ring = self._its, self._ring
        return {
            "answers": {
                "ten_minutes": ring.segmind_answers(TEN_MINUTES),
                "hour": ring.segmind_answers(HOUR),
            },
            "per_minute": its.bounds.per_minute,
            "shut": [name for name, scheduler in its.schedulers.items() if scheduler.in_outage],
            "closed": [{"model": slug, "why": str(trouble)} for slug, trouble in its.gate.closures.items()],
            "empty": its.gate.is_empty,
            "left": its.watch.left,
            "low": its.bounds.low_balance,
        }

    def _discord(self) -> Mapping[str, Any]:
        its, ring = self._its, self._ring
        return {
            "online": its.client.shards_online,
            "wanted": its.client.shards_wanted,
            "ready": its.client.is_ready(),
            "refused": its.refusals.recent,
            "bears": its.bounds.refusals,
            "answers": {
                "ten_minutes": ring.discord_answers(TEN_MINUTES),
                "hour": ring.discord_answers(HOUR),
            },
        }

    def _process(self, present: Present | None, now: float) -> Mapping[str, Any]:
        others: Sequence[Worker] = [] if present is None else present.workers
        return {
            "processes": self._its.cluster.processes,
            "lease": self._its.lease.lease_left(),
            "lag": {"minute": self._ring.worst_lag(60.0), "hour": self._ring.worst_lag(HOUR)},
            "all": [
                {"id": each.id[:8], "lease": each.lease_until - now, "shards": each.shards} for each in others
            ],
        }

    def _cases(self, present: Present) -> Mapping[str, Any]:
        return {
            "open": present.open_cases,
            "patience": self._its.bounds.escalate_hours * HOUR,
            "oldest": [asdict(case) for case in present.cases],
            "asked": asdict(present.pending_approvals),
        }

    def _added_up(self) -> Mapping[str, Any] | None:
        if self._books.last is None:
            return None
        wrong, extent = self._books.last
        return {"at": self._books.at, "wrong": len(wrong), "told": wrong[:TOLD], **asdict(extent)}

    def _charts(self, past: Past, now: float) -> Mapping[str, Any]:
        reach = self._its.overview.reach
        minutes: dict[float, dict[str, int]] = {}
        for ended in past.ended:
            minutes.setdefault(ended.at, {})[ended.state] = ended.jobs
        return {
            "since": now - reach.charts,
            "until": now,
            "jobs": [{"at": at, **states} for at, states in minutes.items()],
            "stretch": reach.stretch,
            "times": [asdict(each) for each in past.times],
            "line": [{"at": sample.at, "waiting": sample.waiting} for sample in self._ring.samples],
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


def _troubles(past: Past) -> Mapping[str, Any]:
    return {
        "failures": [
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
