"""Discord's REST: the calls that this bot makes, with their limits, their refusals and their faults."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.discord import requests
from tests.discord.faults import Broken, Dropped, Fault, Faults, Late, Limited, Refusal, Refused
from tests.discord.requests import Call, Inspector

Handler = Callable[[Call], Awaitable[Any] | Any]
Rules = Callable[[Call], list[str]]

LIMIT = 50
# Whoever has the token of an interaction needs no other.
BY_TOKEN = ("/interactions/", "/webhooks/")


class Rest:
    """Carries calls to their handlers. A handler gives the answer, or none for 204."""

    def __init__(self, *, token: str, base: str, faults: Faults, inspector: Inspector) -> None:
        self._token = token
        self._base = base
        self._faults = faults
        self._inspector = inspector
        self._routes: list[web.RouteDef] = []
        self.calls: list[Call] = []

    def add(
        self, method: str, described: str, endpoint: str, handler: Handler, rules: Rules | None = None
    ) -> None:
        async def serve(request: web.Request) -> web.StreamResponse:
            try:
                call = await requests.read(request, endpoint=endpoint, described=described)
                self.calls.append(call)
                return await self._answer(request, call, handler, rules)
            except Refusal as refusal:
                return _json(refusal.status, {"message": refusal.message, "code": refusal.code}, endpoint)

        self._routes.append(web.route(method, self._base + described, serve))

    def add_to(self, app: web.Application) -> None:
        app.add_routes(self._routes)
        app.router.add_route("*", self._base + "/{rest:.*}", self._unknown)

    async def _answer(
        self, request: web.Request, call: Call, handler: Handler, rules: Rules | None
    ) -> web.StreamResponse:
        fault = self._faults.meet(call.endpoint, call.words)
        if isinstance(fault, Late):
            await asyncio.sleep(fault.seconds)
            fault = None
        if fault is not None and (early := _before(request, call, fault)) is not None:
            return early
        if not call.described.startswith(BY_TOKEN) and call.authorization != f"Bot {self._token}":
            raise Refusal(401, 0, "401: Unauthorized")
        self._inspector.look(call, lambda: [] if rules is None else rules(call))
        body = handler(call)
        if asyncio.iscoroutine(body):
            body = await body
        if fault is not None:
            return _cut(request)
        status = 204 if body is None else 200
        if body is not None:
            self._inspector.own(call, status, body)
        return _json(status, body, call.endpoint)

    async def _unknown(self, request: web.Request) -> web.Response:
        self._inspector.violations.append(f"the small Discord does not know {request.method} {request.path}")
        return _json(404, {"message": "404: Not Found", "code": 0}, "unknown")


def _before(request: web.Request, call: Call, fault: Fault) -> web.StreamResponse | None:
    match fault:
        case Dropped(after=True) | Late():
            return None
        case Dropped():
            return _cut(request)
        case Broken(status):
            page = f"<html><title>{status}</title></html>"
            return web.Response(status=status, text=page, content_type="text/html")
        case Refused(status, code, message):
            raise Refusal(status, code, message)
        case Limited(seconds, everywhere):
            told = {"message": "You are being rate limited.", "retry_after": seconds, "global": everywhere}
            return _json(429, told, call.endpoint, retry_after=seconds)


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _json(status: int, body: Any, bucket: str, retry_after: float | None = None) -> web.Response:
    left = LIMIT - 1 if retry_after is None else 0
    rest = 1.0 if retry_after is None else retry_after
    headers = {
        # discord.py takes a 429 without it for a ban.
        "Via": "1.1 google",
        "X-RateLimit-Limit": str(LIMIT),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": f"{time.time() + rest:.3f}",
        "X-RateLimit-Reset-After": f"{rest:.3f}",
        "X-RateLimit-Bucket": bucket,
    }
    if body is None:
        return web.Response(status=status, headers=headers)
    # Exactly this, without a charset: discord.py reads nothing else as JSON.
    headers["Content-Type"] = requests.JSON
    return web.Response(status=status, body=json.dumps(body).encode(), headers=headers)
