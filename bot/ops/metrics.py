"""Counters and histograms of a running bot, in a registry of their own."""

import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector
from prometheus_client.exposition import choose_encoder

from bot import __version__
from bot.segmind.request_queue import RequestKind

BATCHES = (1, 2, 5, 10, 20, 50, 100, 200, 500)
COMMITS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
LAGS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

# Paths contain ids and tokens of members and servers, so a label names only the kind of a request.
_DISCORD_REQUESTS = (
    ("respond", re.compile(r"POST .*/interactions/[^/]+/[^/]+/callback")),
    ("edit", re.compile(r"PATCH .*/(webhooks|channels)/.+/messages/[^/]+")),
    ("send", re.compile(r"POST .*/channels/[^/]+/messages")),
)


class Metrics:
    """Metrics of everything but the jobs; other modules add theirs to `registry`.

    No label names a member, a server or a job: the number of series would have no bound.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(namespace="doppel", registry=registry)
        Info("doppel_build", "The running version.", registry=registry).info({"version": __version__})
        self._errors = Counter(
            "doppel_member_errors",
            "Errors shown to members, by kind.",
            ["kind"],
            registry=registry,
        )
        self._segmind = Counter(
            "doppel_segmind_responses",
            "Responses of Segmind by kind of request; the code is none if no complete response arrived.",
            ["request", "code"],
            registry=registry,
        )
        self._discord = Counter(
            "doppel_discord_responses",
            "Responses of Discord's REST API by kind of request.",
            ["request", "code"],
            registry=registry,
        )
        self._signatures = Counter(
            "doppel_result_signatures",
            "Results by the outcome of signing: signed, failed, or unsupported by the format.",
            ["outcome"],
            registry=registry,
        )
        self._batches = Histogram(
            "doppel_store_batch_changes",
            "Number of changes per commit.",
            buckets=BATCHES,
            registry=registry,
        )
        self._commits = Histogram(
            "doppel_store_batch_seconds",
            "Seconds per commit, including failed commits.",
            buckets=COMMITS,
            registry=registry,
        )
        self._lag = Histogram(
            "doppel_event_loop_lag_seconds",
            "Seconds by which the event loop wakes a sleeping task late.",
            buckets=LAGS,
            registry=registry,
        )

    def count_error(self, error: BaseException) -> None:
        self._errors.labels(type(error).__name__).inc()

    def count_segmind_response(self, kind: RequestKind, status: int | None) -> None:
        self._segmind.labels(kind.value, _code(status)).inc()

    def count_discord_response(self, method: str, path: str, status: int) -> None:
        sent = f"{method} {path}"
        request = next((name for name, pattern in _DISCORD_REQUESTS if pattern.fullmatch(sent)), "other")
        self._discord.labels(request, _code(status)).inc()

    def count_signing(self, outcome: str) -> None:
        self._signatures.labels(outcome).inc()

    def segmind_responses(self) -> Mapping[str, int]:
        """Number of responses since the start, by code."""
        return _by_code(self._segmind)

    def discord_responses(self) -> Mapping[str, int]:
        """Number of responses since the start, by code."""
        return _by_code(self._discord)

    def observe_lag(self, seconds: float) -> None:
        self._lag.observe(seconds)

    @contextmanager
    def time_commit(self, changes: int) -> Generator[None]:
        """Observe a commit of this many changes."""
        self._batches.observe(changes)
        with self._commits.time():
            yield

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All metrics and their media type, in the format that the `Accept` header asks for."""
        encode: Callable[[CollectorRegistry], bytes]
        encode, media_type = choose_encoder(accept)
        return encode(self.registry), media_type


def _by_code(counter: Counter) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for sample in (sample for family in counter.collect() for sample in family.samples):
        if sample.name.endswith("_total"):
            code = sample.labels["code"]
            counts[code] = counts.get(code, 0) + int(sample.value)
    return counts


def _code(status: int | None) -> str:
    if status is None:
        return "none"
    # A foreign server may send any number, and each would make a series.
    return str(status) if 100 <= status <= 599 else "other"  # noqa: PLR2004 - HTTP's own bounds
