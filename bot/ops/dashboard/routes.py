"""The operator's page over HTTP: who may see it, the figures as JSON, and the switch that pauses new jobs."""

import html
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from pydantic import SecretStr

from bot.clock import Clock
from bot.jobs.ports import StoreAway
from bot.jobs.supervision.pause import OperatorPause
from bot.ops.dashboard.auth import SESSION, Entry, TooManyGuesses, WrongToken
from bot.ops.dashboard.snapshot import SnapshotReader
from bot.ops.dashboard.timeseries import TimeSeries

log = structlog.stdlib.get_logger(__name__)

FILES = Path(__file__).with_name("files")
MISSING = (
    "There is no page here: set DOPPEL_OPS__PAGE_TOKEN in config/secrets.env or in the environment,"
    " to what `openssl rand -hex 16` prints for instance, and start the bot again.\n"
)
WRONG = "This is not the token."
SLOWER = "Too many wrong tokens came from here. Try again in {seconds} s."
NOT_WRITTEN = "The database takes nothing right now, so nothing was changed. Try again in a minute."
STARTING = "The bot is still starting."
ELSEWHERE = (
    "This came from another page than the operator's own, so nothing was done."
    " A proxy in front of the bot has to pass the header Host on as it is."
)
# Neither scripts nor anything else but what lies beside the page itself, in nobody's frame.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Without any referrer a browser would not say where a form comes from, either.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class OperatorPage:
    """Served from the start; there are figures as soon as the bot is put together."""

    def __init__(self, token: SecretStr | None, ring: TimeSeries, clock: Clock) -> None:
        self.ring = ring
        self._entry = None if token is None else Entry(token, clock)
        self._figures: SnapshotReader | None = None
        self._pause: OperatorPause | None = None

    @property
    def is_there(self) -> bool:
        return self._entry is not None

    def assembled(self, figures: SnapshotReader, pause: OperatorPause) -> None:
        self._figures = figures
        self._pause = pause

    def add_to(self, router: web.UrlDispatcher) -> None:
        if self._entry is None:
            router.add_get("/", _no_page)
            return
        door = _Door(self._entry)
        router.add_get("/", door.page)
        router.add_post("/login", door.login)
        router.add_post("/logout", door.logout)
        router.add_get("/page.{kind:css|js|svg}", _file)
        router.add_get("/figures", door.guarded(self._read))
        router.add_post("/pause", door.guarded(self._begin_pause))
        router.add_post("/resume", door.guarded(self._end_pause))

    async def _read(self, request: web.Request) -> web.Response:
        del request
        if self._figures is None:
            return _told(503, STARTING)
        return web.json_response(await self._figures.read(), headers=HEADERS)

    async def _begin_pause(self, request: web.Request) -> web.Response:
        return await self._switch(request, on=True)

    async def _end_pause(self, request: web.Request) -> web.Response:
        return await self._switch(request, on=False)

    async def _switch(self, request: web.Request, *, on: bool) -> web.Response:
        if self._pause is None:
            return _told(503, STARTING)
        try:
            await (self._pause.pause() if on else self._pause.resume())
        except StoreAway:
            return _told(503, NOT_WRITTEN)
        log.info("the pause was switched on the operator's page", on=on, by=request.remote)
        return web.json_response({"pause": self._pause.since}, headers=HEADERS)


class _Door:
    """Lets in whoever shows the token or a session, and sees to it that posts come from the page itself."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    async def page(self, request: web.Request) -> web.StreamResponse:
        if self._has_session(request) or _bearer(request) is not None:
            return await self.guarded(_page)(request)
        return _login()

    async def login(self, request: web.Request) -> web.StreamResponse:
        if not _is_from_here(request):
            return _told(403, ELSEWHERE)
        token = (await request.post()).get("token", "")
        try:
            self._entry.check(token.strip() if isinstance(token, str) else "", request.remote or "")
        except (WrongToken, TooManyGuesses) as error:
            answer = _login(_words(error), status=_status(error))
            answer.headers.update(_wait(error))
            return answer
        # Relative, so that it also leads home from behind a path.
        answer = web.Response(status=303, headers={**HEADERS, "Location": "./"})
        answer.set_cookie(
            self._entry.cookie,
            self._entry.session(),
            max_age=round(SESSION),
            httponly=True,
            samesite="Strict",
            secure=request.secure or request.headers.get("X-Forwarded-Proto") == "https",
        )
        return answer

    async def logout(self, request: web.Request) -> web.StreamResponse:
        if not _is_from_here(request):
            return _told(403, ELSEWHERE)
        answer = web.Response(status=303, headers={**HEADERS, "Location": "./"})
        answer.del_cookie(self._entry.cookie, httponly=True, samesite="Strict")
        return answer

    def guarded(self, handler: Handler) -> Handler:
        async def guard(request: web.Request) -> web.StreamResponse:
            token = _bearer(request)
            if token is not None:
                # No other page can make a browser send this header here.
                try:
                    self._entry.check(token, request.remote or "")
                except (WrongToken, TooManyGuesses) as error:
                    return _told(_status(error), _words(error), **_wait(error))
            elif not self._has_session(request):
                return _told(401, "Sign in first, or send the token as `Authorization: Bearer`.")
            elif request.method != "GET" and not _is_from_here(request):
                return _told(403, ELSEWHERE)
            return await handler(request)

        return guard

    def _has_session(self, request: web.Request) -> bool:
        return self._entry.knows(request.cookies.get(self._entry.cookie, ""))


def _bearer(request: web.Request) -> str | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _is_from_here(request: web.Request) -> bool:
    """Browsers say with each post which page it comes from; whether TLS lay in between is not known here."""
    return urlsplit(request.headers.get("Origin", "")).netloc == request.host


def _status(error: WrongToken | TooManyGuesses) -> int:
    return 429 if isinstance(error, TooManyGuesses) else 401


def _words(error: WrongToken | TooManyGuesses) -> str:
    return SLOWER.format(seconds=_seconds(error)) if isinstance(error, TooManyGuesses) else WRONG


def _wait(error: WrongToken | TooManyGuesses) -> dict[str, str]:
    if isinstance(error, TooManyGuesses):
        return {"Retry-After": str(_seconds(error))}
    return {"WWW-Authenticate": "Bearer"}


def _seconds(error: TooManyGuesses) -> int:
    return int(error.seconds) + 1


def _told(status: int, sentence: str, **headers: str) -> web.Response:
    body = json.dumps({"said": sentence})
    return web.Response(
        status=status, text=body, content_type="application/json", headers={**HEADERS, **headers}
    )


def _login(sentence: str = "", *, status: int = 200) -> web.Response:
    text = (FILES / "login.html").read_text("utf-8")
    wrong = f'<p id="wrong" role="alert">{html.escape(sentence)}</p>' if sentence else ""
    return web.Response(
        status=status, text=text.replace("<!-- wrong -->", wrong), content_type="text/html", headers=HEADERS
    )


async def _page(request: web.Request) -> web.StreamResponse:
    text = (FILES / "page.html").read_text("utf-8")
    if _bearer(request) is not None:
        # Whoever shows the token each time has nothing to sign out of.
        text = text.replace('id="leave"', 'id="leave" hidden')
    return web.Response(text=text, content_type="text/html", headers=HEADERS)


async def _file(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(FILES / f"page.{request.match_info['kind']}", headers=HEADERS)


async def _no_page(request: web.Request) -> web.Response:
    del request
    return web.Response(status=404, text=MISSING, headers=HEADERS)
