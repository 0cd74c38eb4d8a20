"""Proxy with a fixed address in front of SimCord's preview and the operator's page.

The preview publishes snapshots under an address with a key that changes at every start. The proxy makes it
live: browser actions and the ticker share a lock, so no click reaches a page that has just changed.
"""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from pydantic import SecretStr

from bot.sandbox.errors import cannot_listen
from bot.sandbox.patches import patched

PAGE = Path(__file__).with_name("page")
# Other host names would let foreign web sites drive the page by DNS rebinding.
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_BODY = 64 * 2**20

# Seconds that a page waits for a change. SimCord also uses the answer to send what it had to put off.
HOLD = 1.0

CAPABILITY_HEADER = "X-Simcord-Capability"
# Number of changes until a state, which the page sends back when it asks for the next one.
STATE_HEADER = "Sandbox-State"
REVISION = re.compile(rb'"published_revision":\s*\d+')
# These headers belong to one connection; aiohttp sets them again for the next one.
_HOP_HEADERS = frozenset(
    {"host", "origin", "connection", "content-length", "transfer-encoding", "content-encoding"}
)


class Proxy:
    """Proxy that opens first, so that a port in use fails at once; `forward_to` sets the preview later."""

    def __init__(self) -> None:
        self._changes = 0
        self._changed = asyncio.Event()
        self._preview: _Preview | None = None
        self._operator: _OperatorPage | None = None
        self._app = web.Application(client_max_size=MAX_BODY)
        self._app.router.add_get(f"/page/{{name:{'|'.join(_own_files())}}}", _own_file)
        self._app.router.add_get("/operator", _redirect_to_operator)
        self._app.router.add_route("*", "/operator/{path:.*}", self._forward_to_operator)
        self._app.router.add_route("*", "/{path:.*}", self._forward_to_preview)

    @asynccontextmanager
    async def open(self, host: str, port: int) -> AsyncGenerator[str]:
        """Listen and yield the address."""
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
    async def forward_to(self, address: str, lock: asyncio.Lock) -> AsyncGenerator[None]:
        """Forward requests to the preview at this address, which contains its key."""
        async with aiohttp.ClientSession(auto_decompress=False) as session:
            self._preview = _Preview(session, address, lock)
            try:
                yield
            finally:
                self._preview = None
                self.show_change()

    def show_change(self) -> None:
        """Answer the pages that wait for another state."""
        self._changes += 1
        self._changed.set()
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def forward_operator_to(self, address: str | None, token: SecretStr) -> AsyncGenerator[None]:
        """Forward `/operator/` to the operator's page and sign in with the token."""
        async with aiohttp.ClientSession() as session:
            self._operator = None if address is None else _OperatorPage(session, address, token)
            try:
                yield
            finally:
                self._operator = None

    async def _forward_to_preview(self, request: web.Request) -> web.Response:
        if request.headers.get(STATE_HEADER) == str(self._changes):
            # The page asks again at once, and each answer costs both sides a moment of their processor.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), HOLD)
        # A change that happens meanwhile may be missing in this answer, so it keeps its older number.
        changes = self._changes
        response = await _forward(self._preview, request)
        if request.path == "/api/state":
            response.headers[STATE_HEADER] = str(changes)
        return response

    async def _forward_to_operator(self, request: web.Request) -> web.Response:
        return await _forward(self._operator, request)


class _OperatorPage:
    """The bot's operator page, opened with its token."""

    def __init__(self, session: aiohttp.ClientSession, address: str, token: SecretStr) -> None:
        self._session = session
        self._address = address
        self._headers = {"Authorization": f"Bearer {token.get_secret_value()}"}

    async def forward(self, request: web.Request) -> web.Response:
        address = f"{self._address}/{request.match_info['path']}"
        async with self._session.request(request.method, address, headers=self._headers) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_HEADERS}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)


class _Preview:
    """SimCord's preview, opened with its key."""

    def __init__(self, session: aiohttp.ClientSession, address: str, lock: asyncio.Lock) -> None:
        self._session = session
        self._origin, _, self._key = address.partition("/#")
        self._lock = lock

    async def forward(self, request: web.Request) -> web.Response:
        body = await request.read()
        if request.method != "POST" or request.path != "/api/action":
            return await self._forward(request, body)
        async with self._lock:
            return await self._forward(request, await self._with_current_revision(request, body))

    async def _with_current_revision(self, request: web.Request, body: bytes) -> bytes:
        """Set the action's revision to the current one, because the preview rejects actions on older pages.

        The envelope of an upload is the first part of its body, so the first match is the envelope's.
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
            content = patched(request.path, await answer.read())
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_HEADERS}
            if request.path.startswith("/fonts/"):
                # These files have twenty megabytes, and their version in their names.
                kept["Cache-Control"] = "max-age=31536000, immutable"
            return web.Response(status=answer.status, body=content, headers=kept)

    def _headers(self, request: web.Request, only: str = "") -> dict[str, str]:
        kept = {
            name: value
            for name, value in request.headers.items()
            if name.lower().startswith(only) and name.lower() not in _HOP_HEADERS
        }
        return {**kept, CAPABILITY_HEADER: self._key}


async def _forward(upstream: _Preview | _OperatorPage | None, request: web.Request) -> web.Response:
    """Forward a request from this machine to the upstream, once it is set."""
    if upstream is None:
        raise web.HTTPServiceUnavailable(text="The sandbox is starting.", headers={"Retry-After": "1"})
    if not _is_local(request):
        raise web.HTTPForbidden(text="The sandbox is for the machine that it runs on.")
    try:
        return await upstream.forward(request)
    except aiohttp.ClientError as error:
        # An open page keeps asking while the sandbox closes.
        raise web.HTTPServiceUnavailable(text="The sandbox is closing.") from error


def _own_files() -> list[str]:
    return [re.escape(path.name) for path in PAGE.iterdir()]


async def _own_file(request: web.Request) -> web.FileResponse:
    return web.FileResponse(PAGE / request.match_info["name"], headers={"Cache-Control": "no-store"})


async def _redirect_to_operator(request: web.Request) -> web.Response:
    del request
    # The page's relative links need the trailing slash.
    raise web.HTTPFound("/operator/")


def _is_local(request: web.Request) -> bool:
    """Return whether the request comes from a browser on this machine and from a page of this proxy."""
    origin = request.headers.get("Origin", "")
    if origin and urlsplit(origin).netloc != request.host:
        return False
    return urlsplit(f"//{request.host}").hostname in LOCAL_HOSTS
