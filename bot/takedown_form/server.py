"""HTTP server of the takedown form: takes requests of anybody, and shows what became of one."""

import asyncio
import ipaddress
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from bot.chat.text import Text
from bot.clock import Clock
from bot.jobs.ports import StoreUnavailable
from bot.media import operations
from bot.media.types import DetectedMark, Limits, UnusableMedia
from bot.media.worker.process import MediaWorker
from bot.moderation.origin import CheckQuota, TooManyChecks
from bot.moderation.takedowns import (
    CONTACT_LIMIT,
    LINK_LIMIT,
    NAME_LIMIT,
    STATEMENT_LIMIT,
    Claim,
    TakedownRepository,
    read_reference,
)
from bot.ops.dashboard import TrustedProxies
from bot.ops.dashboard.routes import HEADERS
from bot.ops.web import served
from bot.settings import Settings
from bot.takedown_form.page import FILES, Pages, preferred

log = structlog.stdlib.get_logger(__name__)

# Bounds the memory and the time that strangers can take: bodies that are read at once, and seconds for each.
_MOST_BODIES = 2
_BODY_SECONDS = 60.0
# From one address, and from all addresses together.
_REQUESTS_AN_HOUR = 5, 40
_LOOKUPS_AN_HOUR = 30, 600
# Space for the fields and for what separates them.
_FIELDS_BYTES = 64 * 1024
_IPV6_PREFIX = 64
_EVERYBODY = "everybody"
_FIELDS = {
    "name": NAME_LIMIT,
    "contact": CONTACT_LIMIT,
    "statement": STATEMENT_LIMIT,
    "signature": NAME_LIMIT,
    "link": LINK_LIMIT,
}
_OPTIONAL = frozenset({"link"})

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _InvalidForm(Exception):
    """Something in the form is missing or cannot be used; `key` is its sentence."""

    def __init__(self, key: str, values: Mapping[str, str]) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class TakedownForm:
    """The public form. Its answers do not depend on what the bot knows, so nobody can search with it."""

    def __init__(
        self,
        settings: Settings,
        takedowns: TakedownRepository,
        worker: MediaWorker,
        *,
        text: Text,
        clock: Clock,
    ) -> None:
        self._takedowns = takedowns
        self._hours = settings.takedown.hours
        self._pages = Pages(text, contact=settings.takedown.contact, hours=self._hours)
        self._worker = worker
        # The section and the class have the same fields.
        self._limits = Limits(**settings.uploads.model_dump())
        self._proxies = TrustedProxies(settings.ops.proxy_networks)
        self._requests = [CheckQuota(clock, most) for most in _REQUESTS_AN_HOUR]
        self._lookups = [CheckQuota(clock, most) for most in _LOOKUPS_AN_HOUR]
        self._bodies = asyncio.Semaphore(_MOST_BODIES)

    def application(self) -> web.Application:
        # The limits of videos would let strangers send much more than a picture.
        size = self._limits.picture_bytes + _FIELDS_BYTES
        application = web.Application(client_max_size=size)
        application.router.add_get("/", self._show)
        application.router.add_post("/", self._answered(self._take))
        application.router.add_post("/status", self._answered(self._look_up))
        application.router.add_get("/status", self._show)
        application.router.add_get("/form.css", _stylesheet)
        return application

    async def _show(self, request: web.Request) -> web.Response:
        return _html(self._pages.form(_language(request), {}))

    def _answered(self, handler: Handler) -> Handler:
        """Turn every error into a page that says what to do."""

        async def answer(request: web.Request) -> web.StreamResponse:
            language = _language(request)
            try:
                if not _is_same_origin(request):
                    return _html(self._pages.note(language, "takedown_form.foreign"), 403)
                return await handler(request)
            except _InvalidForm as error:
                return _html(self._pages.form(language, error.values, error.key), 400)
            except TooManyChecks:
                return _html(self._pages.note(language, "takedown_form.too_many"), 429)
            except web.HTTPRequestEntityTooLarge:
                return _html(self._pages.form(language, {}, "takedown_form.too_large"), 413)
            except (TimeoutError, StoreUnavailable, MemoryError) as error:
                log.warning("takedown request not taken", reason=type(error).__name__)
                return _html(self._pages.note(language, "takedown_form.away"), 503)

        return answer

    async def _take(self, request: web.Request) -> web.Response:
        # A single address cannot use up what all others may send.
        self._count(self._requests, request)
        async with asyncio.timeout(_BODY_SECONDS), self._bodies:
            claim, content = await _read(request)
            mark = None if content is None else await self._mark_of(content, claim)
            added = await self._takedowns.add(claim, mark, hours=self._hours)
        log.info("takedown requested", request=added.number)
        return _html(self._pages.received(_language(request), added))

    async def _look_up(self, request: web.Request) -> web.Response:
        self._count(self._lookups, request)
        async with asyncio.timeout(_BODY_SECONDS):
            typed = (await request.post()).get("reference", "")
        found = await self._takedowns.find(read_reference(typed if isinstance(typed, str) else ""))
        language = _language(request)
        if found is None:
            return _html(self._pages.note(language, "takedown_form.unknown"), 404)
        return _html(self._pages.state(language, found))

    async def _mark_of(self, content: bytes, claim: Claim) -> DetectedMark:
        try:
            return await self._worker.run(operations.detect_mark, content, self._limits)
        except UnusableMedia as error:
            raise _InvalidForm("takedown_form.unreadable", _values(claim)) from error

    def _count(self, quotas: Sequence[CheckQuota], request: web.Request) -> None:
        own, common = quotas
        own.take(_network(self._proxies.client_address(request)))
        common.take(_EVERYBODY)


@asynccontextmanager
async def takedown_server(listen: tuple[str, int] | None, form: TakedownForm) -> AsyncGenerator[str | None]:
    """Serve the form while the context lasts, and yield its address; with `listen` of None, serve nothing."""
    if listen is None:
        yield None
        return
    async with served(form.application(), listen, "takedown.listen") as address:
        log.info("serving the takedown form", address=address)
        yield address


async def _read(request: web.Request) -> tuple[Claim, bytes | None]:
    """Read the form; raises `_InvalidForm`."""
    fields = await request.post()
    values: dict[str, str] = {}
    for name in _FIELDS:
        value = fields.get(name, "")
        values[name] = value.strip() if isinstance(value, str) else ""
    file = fields.get("file")
    content = file.file.read() if isinstance(file, web.FileField) else b""
    if any(not values[name] for name in _FIELDS if name not in _OPTIONAL):
        raise _InvalidForm("takedown_form.missing", values)
    if any(len(values[name]) > limit for name, limit in _FIELDS.items()):
        raise _InvalidForm("takedown_form.too_long", values)
    if fields.get("oath") != "yes":
        raise _InvalidForm("takedown_form.no_oath", values)
    if not content and not values["link"]:
        raise _InvalidForm("takedown_form.nothing", values)
    return Claim(**values), content or None


def _values(claim: Claim) -> Mapping[str, str]:
    return {name: getattr(claim, name) for name in _FIELDS}


def _language(request: web.Request) -> str:
    return preferred(request.headers.get("Accept-Language", ""))


def _is_same_origin(request: web.Request) -> bool:
    """Return False if another site made the browser send this, to get around the quota of one address."""
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def _network(address: str) -> str:
    """The address, or for IPv6 the network that one connection usually has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))


def _html(page: str, status: int = 200) -> web.Response:
    return web.Response(text=page, status=status, content_type="text/html", headers=HEADERS)


async def _stylesheet(request: web.Request) -> web.StreamResponse:
    del request
    return web.FileResponse(FILES / "form.css", headers=HEADERS)
