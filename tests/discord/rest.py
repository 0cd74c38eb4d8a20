"""Discord's REST API: the calls that the bot makes, with rate limits, errors and faults."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.discord import requests
from tests.discord.faults import Broken, DiscordError, Dropped, ErrorReply, Fault, Faults, Late, Limited
from tests.discord.requests import Call, Inspector

Handler = Callable[[Call], Awaitable[Any] | Any]
Rules = Callable[[Call], list[str]]

LIMIT = 50
# Calls with an interaction's token need no bot token.
NO_BOT_TOKEN = ("/interactions/", "/webhooks/")


class Rest:
    """Routes calls to handlers. A handler returns the response body, or None for 204."""

    def __init__(self, *, token: str, base: str, faults: Faults, inspector: Inspector) -> None:
        self._token = token
        self._base = base
        self._faults = faults
        self._inspector = inspector
        self._routes: list[web.RouteDef] = []
        self.calls: list[Call] = []

    def add(
        self, method: str, path_template: str, endpoint: str, handler: Handler, rules: Rules | None = None
    ) -> None:
        async def serve(request: web.Request) -> web.StreamResponse:
            try:
                call = await requests.read_call(request, endpoint=endpoint, path_template=path_template)
                self.calls.append(call)
                return await self._respond(request, call, handler, rules)
            except DiscordError as error:
                return _json(error.status, {"message": error.message, "code": error.code}, endpoint)

        self._routes.append(web.route(method, self._base + path_template, serve))

    def add_to(self, app: web.Application) -> None:
        app.add_routes(self._routes)
        app.router.add_route("*", self._base + "/{rest:.*}", self._unknown)

    async def _respond(
        self, request: web.Request, call: Call, handler: Handler, rules: Rules | None
    ) -> web.StreamResponse:
        fault = self._faults.draw(call.endpoint, call.text)
        if isinstance(fault, Late) and not fault.after:
            await asyncio.sleep(fault.seconds)
            fault = None
        if fault is not None and (early := _fail_before(request, call, fault)) is not None:
            return early
        if not call.path_template.startswith(NO_BOT_TOKEN) and call.authorization != f"Bot {self._token}":
            raise DiscordError(401, 0, "401: Unauthorized")
        self._inspector.check_request(call, lambda: [] if rules is None else rules(call))
        body = handler(call)
        if asyncio.iscoroutine(body):
            body = await body
        if isinstance(fault, Dropped):
            return _drop_connection(request)
        if isinstance(fault, Late):
            await asyncio.sleep(fault.seconds)
        status = 204 if body is None else 200
        if body is not None:
            self._inspector.check_response(call, status, body)
        return _json(status, body, call.endpoint)

    async def _unknown(self, request: web.Request) -> web.Response:
        self._inspector.violations.append(f"the small Discord does not know {request.method} {request.path}")
        return _json(404, {"message": "404: Not Found", "code": 0}, "unknown")


def _fail_before(request: web.Request, call: Call, fault: Fault) -> web.StreamResponse | None:
    match fault:
        case Dropped(after=True) | Late():
            return None
        case Dropped():
            return _drop_connection(request)
        case Broken(status):
            page = f"<html><title>{status}</title></html>"
            return web.Response(status=status, text=page, content_type="text/html")
        case ErrorReply(status, code, message):
            raise DiscordError(status, code, message)
        case Limited(seconds, everywhere):
            body = {"message": "You are being rate limited.", "retry_after": seconds, "global": everywhere}
            return _json(429, body, call.endpoint, retry_after=seconds)


def _drop_connection(request: web.Request) -> web.Response:
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
