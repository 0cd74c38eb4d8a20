"""Segmind over aiohttp: carries what `protocol` writes and hands back what it deciphers."""

import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

import stamina
from aiohttp.abc import AbstractResolver
from pydantic import SecretStr

from bot.clock import Clock, WallClock
from bot.segmind.account import decipher_catalogue, decipher_credits, decipher_upload
from bot.segmind.breaker import Breaker, BreakerConfig
from bot.segmind.download import Downloader, DownloadTimeouts
from bot.segmind.history import decipher_history, decipher_record, window
from bot.segmind.protocol import (
    Accepted,
    Balance,
    Completed,
    DownloadFailed,
    Found,
    Inline,
    ListedModel,
    OutcomeUnknown,
    Output,
    RateLimited,
    SegmindError,
    State,
    TooLargeDownload,
    Unavailable,
    Unreachable,
    UnreadableResponse,
    decipher_result,
    decipher_status,
    decipher_submit,
)
from bot.segmind.requests import SEGMIND, Addresses, Request
from bot.segmind.responses import RATE_LIMITED, RESET_HEADER, SERVER_ERRORS, Response, reset_time
from bot.segmind.scheduler import RequestKind, RequestScheduler
from bot.segmind.transport import ResponseTooLong, Timeouts, Transport

T = TypeVar("T")

_LARGE, _SMALL = 32 * 1024 * 1024, 2 * 1024 * 1024
_HISTORY_PAGES, _STALE_PAGES = 50, 3


@dataclass(frozen=True, slots=True)
class Retry:
    """How questions are asked again. `rate_limit` is the longest wait for a rate limit's reset."""

    attempts: int = 4
    first: float = 0.5
    longest: float = 8.0
    jitter: float = 0.5
    rate_limit: float = 60.0


@dataclass(frozen=True, slots=True)
class RateConfig:
    """How much is asked of Segmind: requests a minute, and what an outage does to them, in seconds."""

    per_minute: int = 1000
    fuse: BreakerConfig = BreakerConfig()  # noqa: RUF009 - frozen
    patience: float = 600.0
    """How long an order waits for the end of an outage."""


class SegmindClient:
    """Segmind's API. An async context manager.

    `submit` is one POST and nothing else. The rest is free of charge, and asked again where that may help.
    Every request with the key passes the turnstile: a submission before its POST is decided upon, by whoever
    calls `submit`; all the others in here.
    """

    def __init__(
        self,
        key: SecretStr,
        *,
        base_url: str = SEGMIND,
        upload_url: str | None = None,
        history_url: str | None = None,
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
        retry: Retry = Retry(),
        patience: DownloadTimeouts = DownloadTimeouts(),  # noqa: B008 - frozen
        restraint: RateConfig = RateConfig(),
        allowed_hosts: Iterable[str] = frozenset(),
        named_uploads: bool = False,
        resolver: AbstractResolver | None = None,
        clock: Clock | None = None,
        heard: Callable[[RequestKind, int | None], None] = lambda _errand, _status: None,
    ) -> None:
        """`heard` is told of every request with the key, and of its status if an answer came."""
        self._told = heard
        self._carrier = Transport(key, timeouts=timeouts, resolver=resolver)
        self._addresses = Addresses.of(base_url, upload_url, history_url)
        self._retry = retry
        self._named_uploads = named_uploads
        self._clock = clock or WallClock()
        self.scheduler = RequestScheduler(
            self._clock,
            Breaker(self._clock.now, restraint.fuse),
            name="Segmind",
            per_minute=restraint.per_minute,
            patience=restraint.patience,
            # Asks for nothing that is paid, and needs no job.
            sign_of_life=lambda: self._send(self._addresses.credits(), _SMALL, RequestKind.LOOK),
        )
        self._results = RequestScheduler(
            self._clock, Breaker(self._clock.now, restraint.fuse), name="the server of the results"
        )
        self.downloads = Downloader(allowed_hosts=allowed_hosts, patience=patience, resolver=resolver)

    async def __aenter__(self) -> Self:
        await self._carrier.__aenter__()
        await self.downloads.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.scheduler.close()
        self._results.close()
        await self.downloads.__aexit__(kind, error, trace)
        await self._carrier.__aexit__(kind, error, trace)

    @property
    def schedulers(self) -> Mapping[str, RequestScheduler]:
        """The one of the API, and the one of the results' files."""
        return {"api": self.scheduler, "results": self._results}

    async def submit(self, slug: str, body: Mapping[str, Any]) -> Accepted:
        """One POST, which is paid if it succeeds; it is never repeated, and nothing makes it wait in here."""
        answer = await self._send(self._addresses.submit(slug, body), _SMALL, RequestKind.SUBMISSION)
        return decipher_submit(answer, slug=slug)

    async def status(self, request_id: str) -> State:
        """Where a job is; when it is completed, with its output."""
        state = await self._ask(
            self._addresses.status(request_id), decipher_status, _SMALL, errand=RequestKind.LOOK
        )
        return await self.result(request_id) if isinstance(state, Completed) else state

    async def result(self, request_id: str) -> State:
        return await self._ask(
            self._addresses.result(request_id), decipher_result, _LARGE, errand=RequestKind.RESULT
        )

    async def find(self, nonce: str, *, slug: str, since: float, until: float) -> Found | None:
        """The request whose inputs hold `nonce`, if the history shows it already; times are POSIX."""
        if not nonce:
            raise ValueError("an empty nonce is found everywhere")
        dates = window(since, until)
        met: set[str] = set()
        stale = 0
        for page in range(1, _HISTORY_PAGES + 1):
            request = self._addresses.history(slug, dates, page)
            rows = await self._ask(request, partial(decipher_history, page=page), _LARGE)
            for row in rows:
                if nonce in row.inputs:
                    return row.found
            ids = {row.found.request_id for row in rows}
            if not ids:
                return None
            # How long a page really is, and whether a server knows `page` at all or sends the same rows for
            # ever, is not documented. One page of known rows says little: so many requests may have come in
            # since the page before that its rows have moved here.
            stale = stale + 1 if ids <= met else 0
            if stale == _STALE_PAGES:
                return None
            met |= ids
        raise Unavailable("the history is too long to be searched")

    async def history_record(self, request_id: str) -> Found | None:
        """What the history knows of a request, of any age."""
        return await self._ask(self._addresses.record(request_id), decipher_record, _LARGE)

    async def upload(self, content: bytes, media_type: str, name: str) -> str:
        """Give Segmind a file; the address that it has there."""
        named = name if self._named_uploads else None
        request = self._addresses.upload_asset(content, media_type, named)
        return await self._ask(request, decipher_upload, _SMALL, errand=RequestKind.UPLOAD)

    async def balance(self) -> Balance:
        return await self._ask(self._addresses.credits(), decipher_credits, _SMALL, errand=RequestKind.LOOK)

    async def catalogue(self) -> tuple[ListedModel, ...]:
        return await self._ask(self._addresses.catalogue(), decipher_catalogue, _LARGE)

    async def fetch(self, output: Output, *, limit: int) -> bytes:
        """The bytes of an output."""
        if isinstance(output, Inline):
            if len(output.content) > limit:
                raise TooLargeDownload(limit)
            return output.content
        return await self._with_retries(lambda: self._downloaded(output.url, limit))

    async def _downloaded(self, url: str, limit: int) -> bytes:
        async with self._results.slot(RequestKind.RESULT):
            try:
                content = await self.downloads.get(url, limit=limit)
            except DownloadFailed as error:
                self._heard(self._results, well=error.answered)
                raise
            self._heard(self._results, well=True)
            return content

    async def _send(self, request: Request, limit: int, errand: RequestKind) -> Response:
        """One exchange; the turnstile hears how it went."""
        scheduler = self.scheduler if errand.is_of_the_api else None
        try:
            answer = await self._carrier.exchange(request, limit)
        except (OutcomeUnknown, Unreachable) as error:
            self._told(errand, None)
            if not isinstance(error, ResponseTooLong):
                self._heard(scheduler, well=False)
            raise
        self._told(errand, answer.status)
        if answer.status == RATE_LIMITED:
            self.scheduler.back_off(reset_time(answer.headers.get(RESET_HEADER, "")))
        self._heard(scheduler, well=answer.status not in SERVER_ERRORS)
        return answer

    async def _ask(
        self,
        request: Request,
        decipher: Callable[[Response], T],
        limit: int,
        *,
        errand: RequestKind = RequestKind.OTHER,
    ) -> T:
        async def once() -> T:
            trouble: SegmindError
            try:
                async with self.scheduler.slot(errand):
                    answer = await self._send(request, limit, errand)
                return decipher(answer)
            except ResponseTooLong as error:
                trouble = UnreadableResponse(error.detail)
            except Unreachable as error:
                trouble = Unavailable(cause=error)
            except OutcomeUnknown as error:
                trouble = Unavailable(error.detail)
            raise trouble

        return await self._with_retries(once)

    async def _with_retries(self, once: Callable[[], Awaitable[T]]) -> T:
        retry = self._retry
        caller = stamina.AsyncRetryingCaller(
            attempts=retry.attempts,
            timeout=None,
            wait_initial=retry.first,
            wait_max=retry.longest,
            wait_jitter=retry.jitter,
        )
        return await caller(self._again, once)

    @staticmethod
    def _heard(scheduler: RequestScheduler | None, *, well: bool) -> None:
        if scheduler is not None:
            (scheduler.succeeded if well else scheduler.failed)()

    def _again(self, error: Exception) -> bool | float:
        """Whether to ask again, and after how long if that is known."""
        if not isinstance(error, Unavailable | DownloadFailed | RateLimited):
            return False
        limited = error.cause if isinstance(error, Unavailable) else error
        if isinstance(limited, RateLimited) and limited.resets_at is not None:
            wait = max(0.0, limited.resets_at - self._clock.now())
            # Those who wait for the same reset do not all come at once.
            return wait <= self._retry.rate_limit and wait + random.uniform(0, self._retry.jitter)  # noqa: S311
        return isinstance(error, RateLimited) or error.passing
