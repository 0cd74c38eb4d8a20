"""HTTP routes of the dashboard: sign-in, the snapshot as JSON, and the switch that pauses submissions."""

import html
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from pydantic import SecretStr

from bot.clock import Clock
from bot.jobs.ports import KeyValues, StoreUnavailable
from bot.jobs.supervision.pause import OperatorPause
from bot.ops.dashboard.auth import SESSION, Authenticator, WrongToken
from bot.ops.dashboard.proxies import TrustedProxies
from bot.ops.dashboard.snapshot import SnapshotReader
from bot.ops.dashboard.timeseries import TimeSeries

log = structlog.stdlib.get_logger(__name__)

FILES = Path(__file__).with_name("files")
PAGE_OFF = (
    "The operator's page is off. To turn it on, set DOPPEL_OPS__PAGE_TOKEN in config/secrets.env or in the"
    " environment, for example to the output of `openssl rand -hex 16`, and restart the bot.\n"
)
BAD_TOKEN = "Wrong token."  # noqa: S105 - a sentence
STORE_UNAVAILABLE = (
    "The database can't be written to right now, so nothing was changed. Try again in a minute."
)
STARTING = "The bot is still starting."
CROSS_ORIGIN = (
    "This request came from another website, so nothing was changed."
    " A proxy in front of the bot has to pass on the Host header unchanged."
)
# CSP: same origin only, no framing.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # With "no-referrer" browsers would send no Origin with a form, either.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

CHALLENGE = {"WWW-Authenticate": "Bearer"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Dashboard:
    """Served from the start of the bot; `attach` gives it snapshots once all parts exist."""

    def __init__(
        self,
        token: SecretStr | None,
        series: TimeSeries,
        clock: Clock,
        *,
        key_values: KeyValues,
        proxies: TrustedProxies,
    ) -> None:
        self.series = series
        self._authenticator = None if token is None else Authenticator(token, key_values, clock)
        self._proxies = proxies
        self._snapshots: SnapshotReader | None = None
        self._pause: OperatorPause | None = None

    @property
    def is_enabled(self) -> bool:
        return self._authenticator is not None

    def attach(self, snapshots: SnapshotReader, pause: OperatorPause) -> None:
        self._snapshots = snapshots
        self._pause = pause

    def add_to(self, router: web.UrlDispatcher) -> None:
        if self._authenticator is None:
            router.add_get("/", _no_page)
            return
        guard = _SessionGuard(self._authenticator, self._proxies)
        router.add_get("/", guard.page)
        router.add_post("/login", guard.login)
        router.add_post("/logout", guard.logout)
        router.add_get("/page.{kind:css|js|svg}", _file)
        router.add_get("/figures", guard.guarded(self._snapshot))
        router.add_post("/pause", guard.guarded(self._begin_pause))
        router.add_post("/resume", guard.guarded(self._end_pause))

    async def _snapshot(self, request: web.Request) -> web.Response:
        del request
        if self._snapshots is None:
            return _error(503, STARTING)
        return web.json_response(await self._snapshots.read(), headers=HEADERS)

    async def _begin_pause(self, request: web.Request) -> web.Response:
        return await self._set_paused(request, paused=True)

    async def _end_pause(self, request: web.Request) -> web.Response:
        return await self._set_paused(request, paused=False)

    async def _set_paused(self, request: web.Request, *, paused: bool) -> web.Response:
        if self._pause is None:
            return _error(503, STARTING)
        try:
            await (self._pause.pause() if paused else self._pause.resume())
        except StoreUnavailable:
            return _error(503, STORE_UNAVAILABLE)
        log.info("pause switched on the dashboard", paused=paused, by=self._proxies.client_address(request))
        return web.json_response({"pause": self._pause.since}, headers=HEADERS)


class _SessionGuard:
    """Requires the token or a session, and that posts come from the page itself."""

    def __init__(self, authenticator: Authenticator, proxies: TrustedProxies) -> None:
        self._authenticator = authenticator
        self._proxies = proxies

    async def page(self, request: web.Request) -> web.StreamResponse:
        if await self._has_session(request) or _bearer(request) is not None:
            return await self.guarded(_page)(request)
        return _login()

    async def login(self, request: web.Request) -> web.StreamResponse:
        if not _is_same_origin(request):
            return _error(403, CROSS_ORIGIN)
        token = (await request.post()).get("token", "")
        try:
            self._check(token.strip() if isinstance(token, str) else "", request)
        except WrongToken:
            response = _login(BAD_TOKEN, status=401)
            response.headers.update(CHALLENGE)
            return response
        # A relative address also works behind a proxy that adds a path.
        response = web.Response(status=303, headers={**HEADERS, "Location": "./"})
        response.set_cookie(
            self._authenticator.cookie,
            await self._authenticator.new_session(),
            max_age=round(SESSION),
            httponly=True,
            samesite="Strict",
            secure=self._proxies.is_secure(request),
        )
        return response

    async def logout(self, request: web.Request) -> web.StreamResponse:
        if not _is_same_origin(request):
            return _error(403, CROSS_ORIGIN)
        # Only who is signed in may sign everybody out.
        if await self._has_session(request):
            try:
                await self._authenticator.end_sessions()
            except StoreUnavailable:
                return _error(503, STORE_UNAVAILABLE)
        response = web.Response(status=303, headers={**HEADERS, "Location": "./"})
        response.del_cookie(self._authenticator.cookie, httponly=True, samesite="Strict")
        return response

    def guarded(self, handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            token = _bearer(request)
            if token is not None:
                # A page of another origin cannot make a browser send this header.
                try:
                    self._check(token, request)
                except WrongToken:
                    return _error(401, BAD_TOKEN, **CHALLENGE)
            elif not await self._has_session(request):
                return _error(401, "Sign in first, or send the token as `Authorization: Bearer`.")
            elif request.method != "GET" and not _is_same_origin(request):
                return _error(403, CROSS_ORIGIN)
            return await handler(request)

        return checked

    def _check(self, token: str, request: web.Request) -> None:
        self._authenticator.check(token, self._proxies.client_address(request))

    async def _has_session(self, request: web.Request) -> bool:
        return await self._authenticator.is_valid(request.cookies.get(self._authenticator.cookie, ""))


def _bearer(request: web.Request) -> str | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _is_same_origin(request: web.Request) -> bool:
    """Compare the host of the Origin header; the scheme is unknown here if a proxy terminates TLS."""
    return urlsplit(request.headers.get("Origin", "")).netloc == request.host


def _error(status: int, message: str, **headers: str) -> web.Response:
    body = json.dumps({"error": message})
    return web.Response(
        status=status, text=body, content_type="application/json", headers={**HEADERS, **headers}
    )


def _login(error: str = "", *, status: int = 200) -> web.Response:
    text = (FILES / "login.html").read_text("utf-8")
    wrong = f'<p id="wrong" role="alert">{html.escape(error)}</p>' if error else ""
    return web.Response(
        status=status, text=text.replace("<!-- wrong -->", wrong), content_type="text/html", headers=HEADERS
    )


async def _page(request: web.Request) -> web.StreamResponse:
    text = (FILES / "page.html").read_text("utf-8")
    if _bearer(request) is not None:
        # A client that sends the token with each request has no session to end.
        text = text.replace('id="leave"', 'id="leave" hidden')
    return web.Response(text=text, content_type="text/html", headers=HEADERS)


async def _file(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(FILES / f"page.{request.match_info['kind']}", headers=HEADERS)


async def _no_page(request: web.Request) -> web.Response:
    del request
    return web.Response(status=404, text=PAGE_OFF, headers=HEADERS)
