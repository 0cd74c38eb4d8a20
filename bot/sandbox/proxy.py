"""The door of the page: a plain address that stays the same, in front of SimCord's preview.

The preview publishes snapshots, under an address with a key that changes every time. Behind the door it is
live: what the browser does takes turns with the pulse, so that no click meets a page that has just changed.
"""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from pydantic import SecretStr

from bot.sandbox.errors import cannot_listen

PAGE = Path(__file__).with_name("page")
# A page that can be reached by other names could be driven by foreign web sites.
NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
MOST_BODY = 64 * 2**20

KEY = "X-Simcord-Capability"
REVISION = re.compile(rb'"published_revision":\s*\d+')
HEAD = (
    '<link rel="icon" href="/page.svg"><link rel="stylesheet" href="/page.css">'
    '<script src="/page.js"></script></head>'
)
OPERATOR = '<a class="toolbar-button" id="operator" href="/operator/" target="_blank">Operator\'s page</a>'
# They belong to one connection, or are said anew for the next one.
_OWN_HEADERS = frozenset(
    {"host", "origin", "connection", "content-length", "transfer-encoding", "content-encoding"}
)

# What is changed in the preview's own files; a test looks that each is found there.
CHANGES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "/": (
        ("<title>SimCord Preview</title>", "<title>Doppel's sandbox</title>"),
        ("</head>", HEAD),
        ('<details class="session-menu">', OPERATOR + '<details class="session-menu">'),
        ('aria-hidden="true">S</span>', 'aria-hidden="true">D</span>'),
        (
            "<strong>SimCord</strong><small>Preview</small>",
            "<strong>Doppel</strong><small>on SimCord</small>",
        ),
    ),
    # Twice a second is too seldom for a bot whose edits come faster, too.
    "/session.js": (("interval = 500", "interval = 150"),),
}


class Door:
    """Opened first, so that a port in use is known at once; `lead_to` says later what lies behind it."""

    def __init__(self) -> None:
        self._behind: _Behind | None = None
        self._operator: _Operator | None = None
        self._app = web.Application(client_max_size=MOST_BODY)
        self._app.router.add_get("/page.{kind:css|js|svg}", self._own_file)
        self._app.router.add_get("/operator", _to_operator)
        self._app.router.add_route("*", "/operator/{path:.*}", self._pass_to_operator)
        self._app.router.add_route("*", "/{path:.*}", self._pass)

    @asynccontextmanager
    async def open(self, host: str, port: int) -> AsyncGenerator[str]:
        """Listen; gives the address."""
        runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port)
            try:
                await site.start()
            except (OSError, OverflowError) as error:
                raise cannot_listen(host, port, error) from error
            yield f"http://localhost:{site.port}"
        finally:
            await runner.cleanup()

    @asynccontextmanager
    async def lead_to(self, address: str, turn: asyncio.Lock) -> AsyncGenerator[None]:
        """`address` is the preview's, with its key."""
        async with aiohttp.ClientSession(auto_decompress=False) as session:
            self._behind = _Behind(session, address, turn)
            try:
                yield
            finally:
                self._behind = None

    @asynccontextmanager
    async def lead_operator_to(self, address: str | None, token: SecretStr) -> AsyncGenerator[None]:
        """The operator's page, at an address that stays the same; nobody signs in who comes by this door."""
        async with aiohttp.ClientSession() as session:
            self._operator = None if address is None else _Operator(session, address, token)
            try:
                yield
            finally:
                self._operator = None

    async def _own_file(self, request: web.Request) -> web.FileResponse:
        name = f"page.{request.match_info['kind']}"
        return web.FileResponse(PAGE / name, headers={"Cache-Control": "no-store"})

    async def _pass(self, request: web.Request) -> web.Response:
        if self._behind is None:
            raise web.HTTPServiceUnavailable(text="The sandbox is starting.", headers={"Retry-After": "1"})
        if not _from_here(request):
            raise web.HTTPForbidden(text="The sandbox is for the machine that it runs on.")
        return await self._behind.pass_on(request)

    async def _pass_to_operator(self, request: web.Request) -> web.Response:
        if self._operator is None:
            raise web.HTTPServiceUnavailable(text="The sandbox is starting.", headers={"Retry-After": "1"})
        if not _from_here(request):
            raise web.HTTPForbidden(text="The sandbox is for the machine that it runs on.")
        return await self._operator.pass_on(request)


class _Operator:
    def __init__(self, session: aiohttp.ClientSession, address: str, token: SecretStr) -> None:
        self._session = session
        self._address = address
        self._headers = {"Authorization": f"Bearer {token.get_secret_value()}"}

    async def pass_on(self, request: web.Request) -> web.Response:
        address = f"{self._address}/{request.match_info['path']}"
        async with self._session.request(request.method, address, headers=self._headers) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _OWN_HEADERS}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)


class _Behind:
    def __init__(self, session: aiohttp.ClientSession, address: str, turn: asyncio.Lock) -> None:
        self._session = session
        self._origin, _, self._key = address.partition("/#")
        self._turn = turn

    async def pass_on(self, request: web.Request) -> web.Response:
        body = await request.read()
        if request.method != "POST" or request.path != "/api/action":
            return await self._forward(request, body)
        async with self._turn:
            return await self._forward(request, await self._up_to_date(request, body))

    async def _up_to_date(self, request: web.Request, body: bytes) -> bytes:
        """The action, as done on the page of this very moment: the preview refuses older ones.

        An upload's envelope is the first part of its body, so the first match is the envelope's.
        """
        headers = self._headers(request, only="x-simcord")
        async with self._session.get(f"{self._origin}/api/state", headers=headers) as answer:
            state: dict[str, Any] = json.loads(await answer.read())
        if "publishedRevision" not in state:
            return body
        return REVISION.sub(b'"published_revision":%d' % state["publishedRevision"], body, count=1)

    async def _forward(self, request: web.Request, body: bytes) -> web.Response:
        address = f"{self._origin}{request.path_qs}"
        headers = self._headers(request)
        async with self._session.request(request.method, address, data=body, headers=headers) as answer:
            content = _changed(request.path, await answer.read())
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _OWN_HEADERS}
            return web.Response(status=answer.status, body=content, headers=kept)

    def _headers(self, request: web.Request, only: str = "") -> dict[str, str]:
        kept = {
            name: value
            for name, value in request.headers.items()
            if name.lower().startswith(only) and name.lower() not in _OWN_HEADERS
        }
        return {**kept, KEY: self._key}


async def _to_operator(request: web.Request) -> web.Response:
    del request
    # What lies beside the page is found from behind the slash alone.
    raise web.HTTPFound("/operator/")


def _changed(path: str, content: bytes) -> bytes:
    for old, new in CHANGES.get(path, ()):
        content = content.replace(old.encode(), new.encode(), 1)
    return content


def _from_here(request: web.Request) -> bool:
    """A browser on this machine, on a page of this door."""
    origin = request.headers.get("Origin", "")
    if origin and urlsplit(origin).netloc != request.host:
        return False
    return urlsplit(f"//{request.host}").hostname in NAMES
