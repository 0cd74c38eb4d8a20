"""Client of Segmind's API: sends the requests, paces and retries them, and returns parsed responses."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

import structlog
from aiohttp.abc import AbstractResolver
from pydantic import SecretStr

from bot.clock import Clock, WallClock
from bot.segmind.account import Balance, ListedModel, parse_catalogue, parse_credits, parse_upload
from bot.segmind.breaker import Breaker, BreakerConfig
from bot.segmind.download import Downloader, DownloadTimeouts
from bot.segmind.errors import (
    DownloadFailed,
    KeyRejected,
    OutcomeUnknown,
    RateLimited,
    SegmindError,
    TooLargeDownload,
    Unavailable,
    Unreachable,
    UnreadableResponse,
)
from bot.segmind.history import Found, HistoryRow, date_range, parse_history, parse_record
from bot.segmind.outputs import Inline, Output
from bot.segmind.polling import PollPlan
from bot.segmind.protocol import parse_result, parse_status, parse_submit
from bot.segmind.rate import KeyRate
from bot.segmind.request_queue import RequestKind
from bot.segmind.requests import SEGMIND_URL, Endpoints, Request
from bot.segmind.responses import RATE_LIMITED, SERVER_ERRORS, Response
from bot.segmind.scheduler import RequestScheduler
from bot.segmind.states import Accepted, Completed, Expired, Processing, Queued, State
from bot.segmind.transport import ResponseTooLong, Timeouts, Transport

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")

_LARGE, _SMALL = 32 * 1024 * 1024, 2 * 1024 * 1024
# A single failure of the result's address may be a passing fault.
_MAX_RESULT_DOUBTS = 3


@dataclass(frozen=True, slots=True)
class Retry:
    """Retries of free requests, in seconds. The client waits `max_reset_wait` at most for a rate limit."""

    attempts: int = 4
    initial_wait: float = 0.5
    max_wait: float = 8.0
    jitter: float = 0.5
    max_reset_wait: float = 60.0


@dataclass(frozen=True, slots=True)
class RateConfig:
    """Rate limit of the key, and how long orders wait for the end of an outage, in seconds."""

    per_minute: int = 50
    breaker: BreakerConfig = BreakerConfig()  # noqa: RUF009 - frozen
    outage_timeout: float = 600.0


class SegmindClient:
    """Segmind's API. An async context manager.

    `submit` is one POST and nothing else, because it costs money. All other requests are free, so the client
    retries them. Every request with the key goes through the scheduler: the caller of `submit` acquires it
    before it decides to send, and the client acquires it for all other requests.
    """

    def __init__(
        self,
        key: SecretStr,
        *,
        base_url: str = SEGMIND_URL,
        upload_url: str | None = None,
        history_url: str | None = None,
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
        retry: Retry = Retry(),
        download_timeouts: DownloadTimeouts = DownloadTimeouts(),  # noqa: B008 - frozen
        rate_config: RateConfig = RateConfig(),
        allowed_hosts: Iterable[str] = frozenset(),
        named_uploads: bool = False,
        resolver: AbstractResolver | None = None,
        clock: Clock | None = None,
        on_request: Callable[[RequestKind, int | None], None] = lambda _kind, _status: None,
    ) -> None:
        """`on_request` is called after every request with the key; its status is None without a response."""
        self._on_request = on_request
        self._transport = Transport(key, timeouts=timeouts, resolver=resolver)
        self._endpoints = Endpoints.from_urls(base_url, upload_url, history_url)
        self._retry = retry
        self._named_uploads = named_uploads
        # Number of times in a row that the result's address did not name the state of a running job.
        self._result_doubts = 0
        self._clock = clock or WallClock()
        self.rate = KeyRate(rate_config.per_minute)
        self.scheduler = RequestScheduler(
            self._clock,
            Breaker(self._clock.now, rate_config.breaker),
            name="Segmind",
            rate=self.rate,
            outage_timeout=rate_config.outage_timeout,
            # The balance is free to ask for and needs no job.
            health_check=lambda: self._send(self._endpoints.credits(), _SMALL, RequestKind.POLL),
        )
        self._results = RequestScheduler(
            self._clock, Breaker(self._clock.now, rate_config.breaker), name="the server of the results"
        )
        self.downloads = Downloader(
            allowed_hosts=allowed_hosts, timeouts=download_timeouts, resolver=resolver
        )

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        await self.downloads.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.scheduler.close()
        self._results.close()
        await self.downloads.__aexit__(kind, error, trace)
        await self._transport.__aexit__(kind, error, trace)

    @property
    def schedulers(self) -> Mapping[str, RequestScheduler]:
        """Schedulers of the API and of the downloads of results, by name."""
        return {"api": self.scheduler, "results": self._results}

    async def submit(self, slug: str, body: Mapping[str, Any]) -> Accepted:
        """Send the one POST that Segmind charges for if it succeeds; never retries and never waits."""
        response = await self._send(self._endpoints.submit(slug, body), _SMALL, RequestKind.SUBMISSION)
        return parse_submit(response, slug=slug)

    async def status(self, request_id: str, plan: PollPlan | None = None) -> State:
        """Ask for the state of a job, and for the result of a completed one; `plan` says how urgent it is.

        Segmind documents the address of the result for completed jobs only. As long as it names the state of
        running jobs, too, one request serves for both. Where it does not, the client asks for the state
        first.
        """
        return await self._with_retries(lambda: self._poll(request_id, plan))

    async def _poll(self, request_id: str, plan: PollPlan | None) -> State:
        result, is_doubtful = self._endpoints.result(request_id), False
        if self._result_doubts < _MAX_RESULT_DOUBTS:
            try:
                state = await self._ask(result, parse_result, _LARGE, RequestKind.POLL, plan)
            except Unavailable as error:
                if isinstance(error.cause, KeyRejected | RateLimited | Unreachable):
                    raise
            else:
                if not isinstance(state, Expired):
                    self._result_doubts = 0
                    return state
            is_doubtful = True
        status = self._endpoints.status(request_id)
        state = await self._ask(status, parse_status, _SMALL, RequestKind.POLL, plan)
        self._result_doubts += is_doubtful and isinstance(state, Queued | Processing)
        if isinstance(state, Completed):
            return await self._ask(result, parse_result, _LARGE, RequestKind.RESULT)
        return state

    async def history_page(self, page: int, *, since: float, until: float) -> Sequence[HistoryRow]:
        """Page of the requests of all models, newest first, counted from 1; times are POSIX."""
        request = self._endpoints.history(date_range(since, until), page)
        return await self._query(request, partial(parse_history, page=page), _LARGE)

    async def history_record(self, request_id: str) -> Found | None:
        """Look up one request in the history, of any age."""
        return await self._query(self._endpoints.record(request_id), parse_record, _LARGE)

    async def upload(self, content: bytes, media_type: str, name: str) -> str:
        """Upload a file to Segmind and return its URL there."""
        request = self._endpoints.upload_asset(content, media_type, name if self._named_uploads else None)
        return await self._query(request, parse_upload, _SMALL, kind=RequestKind.UPLOAD)

    async def balance(self) -> Balance:
        return await self._query(self._endpoints.credits(), parse_credits, _SMALL, kind=RequestKind.POLL)

    async def catalogue(self) -> tuple[ListedModel, ...]:
        return await self._query(self._endpoints.catalogue(), parse_catalogue, _LARGE)

    async def fetch(self, output: Output, *, limit: int) -> bytes:
        """Download an output of at most `limit` bytes."""
        if isinstance(output, Inline):
            if len(output.content) > limit:
                raise TooLargeDownload(limit)
            return output.content
        return await self._with_retries(lambda: self._download(output.url, limit))

    async def _download(self, url: str, limit: int) -> bytes:
        async with self._results.slot(RequestKind.RESULT):
            try:
                content = await self.downloads.get(url, limit=limit)
            except DownloadFailed as error:
                _report(self._results, success=error.server_works)
                raise
            self._results.succeeded()
            return content

    async def _send(self, request: Request, limit: int, kind: RequestKind) -> Response:
        """Exchange one request for a response, and report the outcome to the scheduler."""
        try:
            response = await self._transport.exchange(request, limit)
        except (OutcomeUnknown, Unreachable) as error:
            self._on_request(kind, None)
            if kind.reflects_api_health and not isinstance(error, ResponseTooLong):
                self.scheduler.failed()
            raise
        self._on_request(kind, response.status)
        if response.status == RATE_LIMITED:
            self.scheduler.refused(response.rate_reset)
        self.scheduler.apply_stated_limits(
            response.rate_limit, response.requests_remaining, response.rate_reset
        )
        if kind.reflects_api_health:
            _report(self.scheduler, success=response.status not in SERVER_ERRORS)
        return response

    async def _query(
        self,
        request: Request,
        parse: Callable[[Response], T],
        limit: int,
        kind: RequestKind = RequestKind.OTHER,
    ) -> T:
        return await self._with_retries(lambda: self._ask(request, parse, limit, kind))

    async def _ask(
        self,
        request: Request,
        parse: Callable[[Response], T],
        limit: int,
        kind: RequestKind,
        plan: PollPlan | None = None,
    ) -> T:
        failure: SegmindError
        try:
            async with self.scheduler.slot(kind, plan=plan):
                if plan is not None:
                    plan.asked(self._clock.now())
                response = await self._send(request, limit, kind)
            return parse(response)
        except ResponseTooLong as error:
            failure = UnreadableResponse(error.detail)
        except Unreachable as error:
            failure = Unavailable(cause=error)
        except OutcomeUnknown as error:
            failure = Unavailable(error.detail)
        # Raised outside of the handlers so that no traceback chains to frames that hold the key.
        raise failure

    async def _with_retries(self, attempt: Callable[[], Awaitable[T]]) -> T:
        # A library for retries made four fifths of the bot's garbage in cycles, even without a retry.
        for number in range(1, self._retry.attempts):
            try:
                return await attempt()
            except (Unavailable, DownloadFailed, RateLimited) as error:
                wait, reason = self._wait_after(error, number), type(error).__name__
                if wait is None:
                    raise
            log.info("request failed", reason=reason, attempt=number, seconds=round(wait, 1))
            await asyncio.sleep(wait)
        return await attempt()

    def _wait_after(self, error: Unavailable | DownloadFailed | RateLimited, attempts: int) -> float | None:
        """Seconds until the next attempt; None if there should be none."""
        retry, jitter = self._retry, random.uniform(0, self._retry.jitter)  # noqa: S311
        limited = error.cause if isinstance(error, Unavailable) else error
        if isinstance(limited, RateLimited) and limited.resets_at is not None:
            wait = max(0.0, limited.resets_at - self._clock.now())
            # The jitter keeps requests that wait for the same reset from going all at once.
            return wait + jitter if wait <= retry.max_reset_wait else None
        if isinstance(error, RateLimited) or error.transient:
            return min(retry.max_wait, retry.initial_wait * 2 ** (attempts - 1) + jitter)
        return None


def _report(scheduler: RequestScheduler, *, success: bool) -> None:
    (scheduler.succeeded if success else scheduler.failed)()
