"""HTTP server for the operator: the dashboard, /metrics for Prometheus, /healthz and /readyz."""

import errno
import ipaddress
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from bot.ops.dashboard import Dashboard
from bot.ops.health import OK, Health, Problems, report
from bot.ops.loop_lag import measure_lag
from bot.ops.metrics import Metrics

log = structlog.stdlib.get_logger(__name__)

UNAVAILABLE = 503
# No request to this server takes longer.
SHUTDOWN_TIMEOUT = 1.0


class CannotListen(Exception):
    """The address cannot be used; the message is one sentence for the operator, without its full stop."""

    def __init__(self, host: str, port: int, error: OSError, setting: str) -> None:
        if error.errno == errno.EADDRINUSE:
            words = f"port {port} of {setting} is in use: close what uses it, or choose another one"
        else:
            words = f"cannot listen on {host}, port {port} ({setting}): {error.strerror}"
        super().__init__(words)


@asynccontextmanager
async def served(application: web.Application, listen: tuple[str, int], setting: str) -> AsyncGenerator[str]:
    """Serve an application while the context lasts, and yield its address; raises `CannotListen`."""
    host, port = listen
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise CannotListen(host, port, error, setting) from error
        yield f"http://{f'[{host}]' if ':' in host else host}:{site.port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def operator_server(
    listen: tuple[str, int] | None, metrics: Metrics, health: Health, dashboard: Dashboard | None = None
) -> AsyncGenerator[str | None]:
    """Serve while the context lasts, and yield the address; with `listen` of None, serve nothing."""
    if listen is None:
        yield None
        return
    series = dashboard.series if dashboard is not None and dashboard.is_enabled else None

    def on_lag(seconds: float) -> None:
        metrics.observe_lag(seconds)
        if series is not None:
            series.record_lag(seconds)

    try:
        async with served(_application(metrics, health, dashboard), listen, "ops.listen") as address:
            log.info("serving metrics and health", address=address)
            if series is not None:
                _log_dashboard(listen[0], address)
            async with measure_lag(on_lag):
                yield address
    finally:
        await health.close()


def _log_dashboard(host: str, address: str) -> None:
    log.info("serving the dashboard", address=address)
    if not _is_loopback(host):
        log.warning(
            "dashboard and token are sent unencrypted: listen on the loopback address, or put TLS in front"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _application(metrics: Metrics, health: Health, dashboard: Dashboard | None) -> web.Application:
    async def exposition(request: web.Request) -> web.Response:
        content, media_type = metrics.exposition(request.headers.get("Accept", ""))
        return web.Response(body=content, headers={"Content-Type": media_type})

    async def healthz(request: web.Request) -> web.Response:
        del request
        return _response(await health.alive())

    async def readyz(request: web.Request) -> web.Response:
        del request
        return _response(await health.ready())

    app = web.Application()
    app.router.add_get("/metrics", exposition)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    if dashboard is not None:
        dashboard.add_to(app.router)
    return app


def _response(problems: Problems) -> web.Response:
    status = UNAVAILABLE if problems else OK
    return web.Response(text=report(problems), status=status, content_type="application/json")
