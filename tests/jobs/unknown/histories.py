"""Histories of Segmind for tests, and the requests that jobs have."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.jobs.job import Job
from bot.jobs.unknown.history_pass import KnownRequest
from bot.segmind.errors import SegmindError
from bot.segmind.history import Found, HistoryRow

PER_PAGE = 100


def row_of(
    job: Job, request_id: str | None = None, *, status: str = "COMPLETED", **inputs: Any
) -> HistoryRow:
    """Row of a job's request; `inputs` replace those of the job."""
    found = Found(request_id or f"r-{job.id}", status, None, 0.05, None)
    return HistoryRow(found, job.slug, {**job.body, **inputs})


class PagedHistory:
    """History of the given rows, newest first, which counts the pages that it gave."""

    def __init__(self, rows: Iterable[HistoryRow] = ()) -> None:
        self.rows = list(rows)
        self.pages = 0
        self.error: SegmindError | None = None
        self.knows_pages = True

    async def history_page(self, page: int, *, since: float, until: float) -> Sequence[HistoryRow]:
        assert since < until
        self.pages += 1
        if self.error is not None:
            raise self.error
        start = (page - 1) * PER_PAGE if self.knows_pages else 0
        return self.rows[start : start + PER_PAGE]


class Requests:
    """Requests of jobs, by their ids."""

    def __init__(self) -> None:
        self.known: dict[str, KnownRequest] = {}

    def add(self, job: Job) -> HistoryRow:
        """Make the job's request known; return its row."""
        row = row_of(job)
        self.known[row.found.request_id] = KnownRequest(job.nonce, job.submitted_at or job.created_at)
        return row

    async def requests_among(self, request_ids: Collection[str]) -> Mapping[str, KnownRequest]:
        return {id_: self.known[id_] for id_ in request_ids if id_ in self.known}

    async def last_requests(self, before: float, *, limit: int) -> Sequence[float]:
        times = (request.submitted_at for request in self.known.values())
        return sorted((at for at in times if at <= before), reverse=True)[:limit]


def sent(job: Job, at: float) -> Job:
    return replace(job, created_at=at, submitted_at=at)
