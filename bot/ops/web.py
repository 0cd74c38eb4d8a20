"""The operator's door: the page, /metrics for Prometheus, /healthz and /readyz for what keeps the bot up."""

import errno
import ipaddress
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from bot.ops.dashboard import OperatorPage
from bot.ops.health import OK, Health, Wrong, report
from bot.ops.loop_lag import lag_measured
from bot.ops.metrics import Metrics

log = structlog.stdlib.get_logger(__name__)

UNAVAILABLE = 503
# Nobody who asks here waits for long.
LAST_ANSWERS = 1.0


class CannotListen(Exception):
    """The message is one sentence for the operator, without its full stop."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        if error.errno == errno.EADDRINUSE:
            words = f"port {port} of ops.listen is in use: close what uses it, or choose another one"
        else:
            words = f"nothing can be served at {host}, port {port} (ops.listen): {error.strerror}"
        super().__init__(words)


@asynccontextmanager
async def served(
    at: tuple[str, int] | None, metrics: Metrics, health: Health, page: OperatorPage | None = None
) -> AsyncGenerator[str | None]:
    """For as long as the context lasts; gives the address. None is for an operator who wants none of it."""
    if at is None:
        yield None
        return
    host, port = at
    application = _application(metrics, health, page)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=LAST_ANSWERS)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise CannotListen(host, port, error) from error
        address = f"http://{f'[{host}]' if ':' in host else host}:{site.port}"
        log.info("metrics and health are served", address=address)
        noted = [metrics.lagged]
        if page is not None and page.is_there:
            _tell(host, address)
            noted.append(page.ring.lagged)
        async with lag_measured(_each(noted)):
            yield address
    finally:
        await runner.cleanup()
        await health.close()


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tell(host: str, address: str) -> None:
    log.info("the operator's page is served", address=address)
    if not _is_here(host):
        log.warning(
            "the operator's page and its token travel unencrypted: let this machine alone reach it,"
            " or put TLS in front of it"
        )


def _each(noted: Sequence[Callable[[float], None]]) -> Callable[[float], None]:
    def note(seconds: float) -> None:
        for each in noted:
            each(seconds)

    return note


def _application(metrics: Metrics, health: Health, page: OperatorPage | None) -> web.Application:
    async def exposition(request: web.Request) -> web.Response:
        content, media_type = metrics.exposition(request.headers.get("Accept", ""))
        return web.Response(body=content, headers={"Content-Type": media_type})

    async def healthz(request: web.Request) -> web.Response:
        del request
        return _verdict(await health.alive())

    async def readyz(request: web.Request) -> web.Response:
        del request
        return _verdict(await health.ready())

    app = web.Application()
    app.router.add_get("/metrics", exposition)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    if page is not None:
        page.add_to(app.router)
    return app


def _verdict(wrong: Wrong) -> web.Response:
    status = UNAVAILABLE if wrong else OK
    return web.Response(text=report(wrong), status=status, content_type="application/json")
