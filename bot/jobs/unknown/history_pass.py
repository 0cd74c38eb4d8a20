"""One pass over Segmind's history for many jobs, from the newest request to the oldest in question."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Protocol

from bot.jobs.job import Job, State
from bot.segmind.errors import Unavailable
from bot.segmind.history import Found, HistoryRow
from bot.segmind.nonce import nonces_in, without_queries

# The clocks of two machines are never quite the same, and a request may take a minute to arrive.
CLOCK_SKEW = 120.0
# A failover loses the commits of minutes at most, and a restored backup has marked its waiting jobs.
_MAX_COMMITS_LOST = 3600.0
_MAX_PAGES = 200
# Segmind documents neither how long a page is nor whether a server supports `page` at all or returns the same
# rows for every page. One page of known rows proves little: many new requests since the previous page may
# have moved its rows to this one.
_MAX_STALE_PAGES = 3


class History(Protocol):
    """Segmind's history of requests."""

    async def history_page(self, page: int, *, since: float, until: float) -> Sequence[HistoryRow]: ...


@dataclass(frozen=True, slots=True)
class KnownRequest:
    """Request of a job of this database, whose id was in Segmind's response."""

    nonce: str
    submitted_at: float


class RequestIndex(Protocol):
    """Requests that jobs of this database have."""

    async def requests_among(self, request_ids: Collection[str]) -> Mapping[str, KnownRequest]:
        """Return those of these requests that jobs have, by id."""
        ...

    async def last_requests(self, before: float, *, limit: int) -> Sequence[float]:
        """Return the times of submission of the last requests before then, newest first."""
        ...


@dataclass(slots=True)
class HistoryPass:
    """Outcome of one pass: the requests that were found, and how much their absence means."""

    began: float
    last_known: float | None
    """Time of a late request of this database that the history should already show; None without one."""
    found: dict[str, Found] = field(default_factory=dict[str, Found])
    """Found requests by the id of their job."""
    last_seen: float = -inf
    """Time of the latest request of this database that the history showed with its nonce."""
    pages: int = 0

    def proves_absence(self, job: Job) -> bool:
        """Return whether the history would have shown the job's request.

        An empty history proves nothing: the key may lack access to it, or the inputs may have lost their
        addresses' queries. So it has to show a known request that is later than the job's or, where there is
        none, one of the last that there are.
        """
        needed = inf if self.last_known is None else self.last_known
        return self.last_seen >= min(_sent_at(job, self.began), needed)


def _sent_at(job: Job, now: float) -> float:
    """Earliest time at which the job's request may have been sent."""
    if job.state is State.HELD:
        return max(job.created_at, now - _MAX_COMMITS_LOST)
    return job.created_at if job.submitted_at is None else job.submitted_at


async def search_history(
    history: History, index: RequestIndex, jobs: Sequence[Job], *, now: float, lag: float
) -> HistoryPass:
    """Search the history for the requests of all these jobs.

    `lag`: age in seconds from which the history has to show a request. Raises `SegmindError` where the
    history cannot be read.
    """
    # A few of the last requests, because a single row may come without its inputs.
    last = await index.last_requests(now - lag, limit=5)
    result = HistoryPass(now, last_known=last[-1] if last else None)
    since = min([now, *(_sent_at(job, now) for job in jobs)]) - CLOCK_SKEW
    since = min([since, *last])
    search = _Search(jobs, result, until=since)
    for page in range(1, _MAX_PAGES + 1):
        rows = await history.history_page(page, since=since, until=now + CLOCK_SKEW)
        result.pages = page
        fresh = search.fresh(rows)
        search.read(fresh, await index.requests_among([row.found.request_id for row in fresh]))
        if not rows or search.is_over:
            search.match_without_nonces()
            return result
    raise Unavailable("the history is too long to search")


class _Search:
    """Rows of one pass, read page by page."""

    def __init__(self, jobs: Iterable[Job], result: HistoryPass, *, until: float) -> None:
        """`until`: the pass is over at a request of this database that was submitted by then."""
        self._by_nonce = {job.nonce: job for job in jobs}
        self._result = result
        self._until = until
        self._seen: set[str] = set()
        self._stale_pages = 0
        self._oldest = inf
        self._is_in_order = True
        self._without_nonces: list[HistoryRow] = []

    @property
    def is_over(self) -> bool:
        """Return whether further pages could show nothing that matters."""
        # Segmind's own times are of no documented zone, so the requests of this database tell how far back a
        # page goes. Where they are out of order, only the end of the history is the end.
        is_far_enough = self._is_in_order and self._oldest <= self._until
        return is_far_enough or self._stale_pages == _MAX_STALE_PAGES or not self._missing()

    def fresh(self, rows: Iterable[HistoryRow]) -> Sequence[HistoryRow]:
        """Return the rows that no earlier page had: a request has one row per output."""
        fresh: list[HistoryRow] = []
        for row in rows:
            if row.found.request_id not in self._seen:
                self._seen.add(row.found.request_id)
                fresh.append(row)
        self._stale_pages = 0 if fresh else self._stale_pages + 1
        return fresh

    def read(self, rows: Iterable[HistoryRow], known: Mapping[str, KnownRequest]) -> None:
        for row in rows:
            nonces = nonces_in(row.inputs)
            if (request := known.get(row.found.request_id)) is not None:
                self._note_known(request, shows_nonce=request.nonce in nonces.values())
            elif not nonces:
                self._without_nonces.append(row)
            for name, nonce in nonces.items() if request is None else ():
                job = self._by_nonce.get(nonce)
                # Exactly where it was put: a nonce elsewhere would be another request's.
                if job is not None and nonces_in(job.body).get(name) == nonce:
                    self._result.found.setdefault(job.id, row.found)

    def match_without_nonces(self) -> None:
        """Match rows that lost their queries by all their inputs: a row of the same order is as good."""
        for job in self._missing():
            body = without_queries(job.body).items()
            for row in self._without_nonces:
                if row.model == job.slug and body and body <= without_queries(row.inputs).items():
                    self._result.found[job.id] = row.found
                    self._without_nonces.remove(row)
                    break

    def _missing(self) -> Sequence[Job]:
        return [job for job in self._by_nonce.values() if job.id not in self._result.found]

    def _note_known(self, request: KnownRequest, *, shows_nonce: bool) -> None:
        if shows_nonce:
            self._result.last_seen = max(self._result.last_seen, request.submitted_at)
        self._is_in_order &= request.submitted_at <= self._oldest + CLOCK_SKEW
        self._oldest = min(self._oldest, request.submitted_at)
