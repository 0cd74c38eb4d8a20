"""What is counted of a running bot: a registry of its own, with names after Prometheus's conventions."""

import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector
from prometheus_client.exposition import choose_encoder

from bot import __version__
from bot.segmind.scheduler import RequestKind

BATCHES = (1, 2, 5, 10, 20, 50, 100, 200, 500)
COMMITS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
LAGS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

# Ids and tokens in an address name members and servers: only the kind of a request becomes a label.
_DISCORD = (
    ("answer", re.compile(r"POST .*/interactions/[^/]+/[^/]+/callback")),
    ("edit", re.compile(r"PATCH .*/(webhooks|channels)/.+/messages/[^/]+")),
    ("send", re.compile(r"POST .*/channels/[^/]+/messages")),
)


class Metrics:
    """What happens outside of the jobs; `registry` is open for whatever else there is to tell.

    No label names a member, a server or a job: their number, and with it that of the series, has no bound.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(namespace="doppel", registry=registry)
        Info("doppel_build", "The version that runs.", registry=registry).info({"version": __version__})
        self._refused = Counter(
            "doppel_members_refused",
            "Times that a member was told why something is not done, by the kind of the reason.",
            ["kind"],
            registry=registry,
        )
        self._segmind = Counter(
            "doppel_segmind_answers",
            "Answers of Segmind by what was asked; the code is none where no whole answer came.",
            ["errand", "code"],
            registry=registry,
        )
        self._discord = Counter(
            "doppel_discord_answers",
            "Answers of Discord's REST API by what was asked.",
            ["request", "code"],
            registry=registry,
        )
        self._signed = Counter(
            "doppel_results_signed",
            "Results by what became of their signature: signed, failed, or unsupported by their format.",
            ["outcome"],
            registry=registry,
        )
        self._batches = Histogram(
            "doppel_store_batch_changes",
            "Changes that were committed together.",
            buckets=BATCHES,
            registry=registry,
        )
        self._commits = Histogram(
            "doppel_store_batch_seconds",
            "Time that a commit of changes took, also where it failed.",
            buckets=COMMITS,
            registry=registry,
        )
        self._lag = Histogram(
            "doppel_event_loop_lag_seconds",
            "How late the event loop wakes who sleeps.",
            buckets=LAGS,
            registry=registry,
        )

    def refused(self, error: BaseException) -> None:
        self._refused.labels(type(error).__name__).inc()

    def segmind_answered(self, errand: RequestKind, status: int | None) -> None:
        self._segmind.labels(errand.value, _code(status)).inc()

    def discord_answered(self, method: str, path: str, status: int) -> None:
        asked = f"{method} {path}"
        request = next((name for name, form in _DISCORD if form.fullmatch(asked)), "other")
        self._discord.labels(request, _code(status)).inc()

    def signed(self, outcome: str) -> None:
        self._signed.labels(outcome).inc()

    def segmind_answers(self) -> Mapping[str, int]:
        """All since the start, by code, whatever was asked."""
        return _by_code(self._segmind)

    def discord_answers(self) -> Mapping[str, int]:
        return _by_code(self._discord)

    def lagged(self, seconds: float) -> None:
        self._lag.observe(seconds)

    @contextmanager
    def commit(self, changes: int) -> Generator[None]:
        """Around the writing of so many changes."""
        self._batches.observe(changes)
        with self._commits.time():
            yield

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All of it, and its media type, in the form that the asker accepts."""
        encode: Callable[[CollectorRegistry], bytes]
        encode, media_type = choose_encoder(accept)
        return encode(self.registry), media_type


def _by_code(counter: Counter) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for sample in (sample for family in counter.collect() for sample in family.samples):
        if sample.name.endswith("_total"):
            code = sample.labels["code"]
            found[code] = found.get(code, 0) + int(sample.value)
    return found


def _code(status: int | None) -> str:
    """A server that is not ours may answer with any number."""
    if status is None:
        return "none"
    return str(status) if 100 <= status <= 599 else "other"  # noqa: PLR2004 - what HTTP knows
