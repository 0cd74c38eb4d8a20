"""Middleware of every call: faults, API key, rate limit and error responses."""

import asyncio
import json
from collections import Counter
from http import HTTPStatus
from typing import Any, cast

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.sandbox.segmind import responses
from bot.sandbox.segmind.account import RateLimit, rate_limited
from bot.sandbox.segmind.errors import ApiError
from bot.sandbox.segmind.faults import distortion
from bot.sandbox.segmind.faults.fault import CallFaults, FaultKind
from bot.sandbox.segmind.faults.script import FAULT_HEADER, Endpoint, Faults
from bot.sandbox.segmind.scheduler import Clock, Scheduler, Sleep

PUBLIC: frozenset[Endpoint] = frozenset({"catalogue", "file"})
ORDERS: frozenset[Endpoint] = frozenset({"submit", "sync"})
CALL_FAULTS = web.RequestKey("call_faults", CallFaults)
_ERRORS = {
    FaultKind.BAD_KEY: (401, "Invalid API key."),
    FaultKind.FORBIDDEN: (403, "This API key may not do that."),
    FaultKind.UNKNOWN_MODEL: (404, "Model not found."),
    FaultKind.NO_CREDITS: (406, "Insufficient credits: add credits to continue."),
    FaultKind.RETIRED: (410, "This model has been retired."),
}


class ApiMiddleware:
    """Checks each call, applies its faults and turns `ApiError` into a response."""

    def __init__(
        self,
        *,
        key: str | None,
        rate: RateLimit,
        limited: frozenset[Endpoint],
        faults: Faults,
        scheduler: Scheduler,
        clock: Clock,
        sleep: Sleep,
    ) -> None:
        self._key = key
        self._rate = rate
        self._limited = limited
        self._faults = faults
        self._scheduler = scheduler
        self._clock = clock
        self._sleep = sleep
        self.calls: Counter[Endpoint] = Counter()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await self._handle(request, handler)
        except ApiError as error:
            return json_response({"error": error.detail}, error.status, error.headers)
        except web.HTTPMethodNotAllowed as error:
            # The only error of Segmind itself that is not JSON.
            return html_response(405, {"Allow": error.headers["Allow"]})
        except web.HTTPException as error:
            return json_response({"error": error.reason}, error.status)

    async def _handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.http_exception is not None:
            raise request.match_info.http_exception
        endpoint = cast("Endpoint", request.match_info.route.name)
        self.calls[endpoint] += 1
        try:
            faults = self._faults.draw(endpoint, request.headers.get(FAULT_HEADER, ""))
        except ValueError as error:
            raise ApiError(400, f"{FAULT_HEADER}: {error}") from None
        if (early := await self._fail_before(request, faults)) is not None:
            return early
        self._authorize(request, endpoint)
        self._scheduler.advance()
        request[CALL_FAULTS] = faults
        response = self._distort(await handler(request), faults)
        return await _fail_after(request, faults, response)

    def _distort(self, response: web.StreamResponse, faults: CallFaults) -> web.StreamResponse:
        if isinstance(response, web.Response) and any(kind in faults for kind in distortion.KINDS):
            response.body = distortion.distort(cast("bytes", response.body), faults, self._faults.dice)
        return response

    async def _fail_before(self, request: web.Request, faults: CallFaults) -> web.StreamResponse | None:
        """Apply the faults that happen before the request is handled."""
        if (latency := faults.number(FaultKind.LATENCY, 0)) > 0:
            await self._sleep(latency)
        if FaultKind.DROP_BEFORE in faults:
            return _drop_connection(request)
        if (fault := faults.get(FaultKind.ERROR_BEFORE)) is not None:
            return _error(int(fault.number))
        if (fault := faults.get(FaultKind.RATE_LIMIT)) is not None:
            raise rate_limited(self._clock() + fault.number)
        if FaultKind.BARE_RATE_LIMIT in faults:
            raise rate_limited(None)
        for kind, (status, detail) in _ERRORS.items():
            if kind in faults:
                raise ApiError(status, detail)
        return None

    def _authorize(self, request: web.Request, endpoint: Endpoint) -> None:
        if endpoint in PUBLIC:
            return
        key = api_key(request)
        if not key or (self._key is not None and key != self._key):
            raise ApiError(401, "Missing or invalid API key.")
        if endpoint in self._limited:
            self._rate.count(self._clock())


def api_key(request: web.Request) -> str:
    return request.headers.get("x-api-key", "")


def json_response(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=json.dumps(body).encode(), status=status, content_type="application/json", headers=headers
    )


def html_response(status: int, headers: dict[str, str] | None = None) -> web.Response:
    # Proxies also answer with codes that no standard names, such as 499.
    named = status in HTTPStatus.__members__.values()
    title = f"{status} {HTTPStatus(status).phrase}" if named else str(status)
    return web.Response(
        text=responses.error_page(title), status=status, content_type="text/html", headers=headers
    )


async def _fail_after(
    request: web.Request, faults: CallFaults, response: web.StreamResponse
) -> web.StreamResponse:
    """Apply the faults that happen after the request is handled."""
    if not faults:
        return response
    if FaultKind.DROP_AFTER in faults:
        return _drop_connection(request)
    if (fault := faults.get(FaultKind.ERROR_AFTER)) is not None:
        return _error(int(fault.number))
    if FaultKind.MALFORMED in faults:
        return web.Response(text='{"status": "COMP', content_type="application/json")
    if FaultKind.TRUNCATED in faults:
        return await _truncate(request, response)
    return response


def _error(status: int) -> web.Response:
    """Segmind's own 404 is JSON and its 500 has no body; the proxy in front of it answers in HTML."""
    if status == HTTPStatus.NOT_FOUND:
        return json_response({"error": "Request not found or expired."}, status)
    return (
        web.Response(status=status) if status == HTTPStatus.INTERNAL_SERVER_ERROR else html_response(status)
    )


def _drop_connection(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _truncate(request: web.Request, whole: web.StreamResponse) -> web.StreamResponse:
    body = whole.body if isinstance(whole, web.Response) and isinstance(whole.body, bytes) else b"?"
    half = web.StreamResponse(status=whole.status, headers={"Content-Type": whole.content_type})
    half.content_length = len(body)
    half.force_close()
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    # The loop needs a step to send the half before the connection closes.
    await asyncio.sleep(0)
    if request.transport is not None:
        request.transport.close()
    return half
