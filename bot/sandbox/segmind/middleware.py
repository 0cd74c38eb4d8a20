"""What every call passes: the faults that it meets, the key, the rate limit; and how refusals are worded."""

import asyncio
import json
from collections import Counter
from http import HTTPStatus
from typing import Any, cast

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.sandbox.segmind import responses
from bot.sandbox.segmind.account import RateLimit, rate_limited
from bot.sandbox.segmind.errors import Refusal
from bot.sandbox.segmind.faults import FAULT_HEADER, Endpoint, Faults, Plight, Trouble
from bot.sandbox.segmind.scheduler import Clock, Sleep, Works

PUBLIC: frozenset[Endpoint] = frozenset({"catalogue", "file"})
ORDERS: frozenset[Endpoint] = frozenset({"submit", "sync"})
PLIGHT = web.RequestKey("plight", Plight)
_REFUSALS = {
    Trouble.BAD_KEY: (401, "Invalid API key."),
    Trouble.FORBIDDEN: (403, "This API key may not do that."),
    Trouble.UNKNOWN_MODEL: (404, "Model not found."),
    Trouble.NO_CREDITS: (406, "Insufficient credits: add credits to continue."),
    Trouble.RETIRED: (410, "This model has been retired."),
}


class Gate:
    def __init__(
        self,
        *,
        key: str | None,
        rate: RateLimit,
        limited: frozenset[Endpoint],
        faults: Faults,
        works: Works,
        clock: Clock,
        sleep: Sleep,
    ) -> None:
        self._key = key
        self._rate = rate
        self._limited = limited
        self._faults = faults
        self._works = works
        self._clock = clock
        self._sleep = sleep
        self.calls: Counter[Endpoint] = Counter()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await self._let_through(request, handler)
        except Refusal as refusal:
            return as_json({"error": refusal.detail}, refusal.status, refusal.headers)
        except web.HTTPMethodNotAllowed as error:
            # The one error of Segmind's own that is no JSON.
            return as_page(405, {"Allow": error.headers["Allow"]})
        except web.HTTPException as error:
            return as_json({"error": error.reason}, error.status)

    async def _let_through(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.http_exception is not None:
            raise request.match_info.http_exception
        endpoint = cast("Endpoint", request.match_info.route.name)
        self.calls[endpoint] += 1
        try:
            plight = self._faults.meet(endpoint, request.headers.get(FAULT_HEADER, ""))
        except ValueError as error:
            raise Refusal(400, f"{FAULT_HEADER}: {error}") from None
        if (early := await self._before(request, plight)) is not None:
            return early
        self._check(request, endpoint)
        self._works.catch_up()
        request[PLIGHT] = plight
        return await _after(request, plight, await handler(request))

    async def _before(self, request: web.Request, plight: Plight) -> web.StreamResponse | None:
        """What goes wrong before anything is done."""
        if (latency := plight.number(Trouble.LATENCY, 0)) > 0:
            await self._sleep(latency)
        if Trouble.DROP_BEFORE in plight:
            return _dropped(request)
        if (fault := plight.get(Trouble.ERROR_BEFORE)) is not None:
            return _broken(int(fault.number))
        if (fault := plight.get(Trouble.RATE_LIMIT)) is not None:
            raise rate_limited(self._clock() + fault.number)
        for trouble, (status, detail) in _REFUSALS.items():
            if trouble in plight:
                raise Refusal(status, detail)
        return None

    def _check(self, request: web.Request, endpoint: Endpoint) -> None:
        if endpoint in PUBLIC:
            return
        key = key_of(request)
        if not key or (self._key is not None and key != self._key):
            raise Refusal(401, "Missing or invalid API key.")
        if endpoint in self._limited:
            self._rate.count(self._clock())


def key_of(request: web.Request) -> str:
    return request.headers.get("x-api-key", "")


def as_json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=json.dumps(body).encode(), status=status, content_type="application/json", headers=headers
    )


def as_page(status: int, headers: dict[str, str] | None = None) -> web.Response:
    title = f"{status} {HTTPStatus(status).phrase}"
    return web.Response(text=responses.page(title), status=status, content_type="text/html", headers=headers)


async def _after(request: web.Request, plight: Plight, response: web.StreamResponse) -> web.StreamResponse:
    """What goes wrong after everything is done."""
    if not plight:
        return response
    if Trouble.DROP_AFTER in plight:
        return _dropped(request)
    if (fault := plight.get(Trouble.ERROR_AFTER)) is not None:
        return _broken(int(fault.number))
    if Trouble.MALFORMED in plight:
        return web.Response(text='{"status": "COMP', content_type="application/json")
    if Trouble.TRUNCATED in plight:
        return await _truncated(request, response)
    return response


def _broken(status: int) -> web.Response:
    """Segmind's own errors come empty, those of the proxies before it as HTML."""
    return web.Response(status=status) if status == HTTPStatus.INTERNAL_SERVER_ERROR else as_page(status)


def _dropped(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _truncated(request: web.Request, whole: web.StreamResponse) -> web.StreamResponse:
    body = whole.body if isinstance(whole, web.Response) and isinstance(whole.body, bytes) else b"?"
    half = web.StreamResponse(status=whole.status, headers={"Content-Type": whole.content_type})
    half.content_length = len(body)
    half.force_close()
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    # What was written is on its way before the connection closes.
    await asyncio.sleep(0)
    if request.transport is not None:
        request.transport.close()
    return half
