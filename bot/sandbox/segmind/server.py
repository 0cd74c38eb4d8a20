"""The local Segmind: an HTTP server with the v2 contract, its own books, and faults on demand."""

import asyncio
import contextlib
import errno
import time
from collections import Counter
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from aiohttp import web

from bot.models import FaceModel
from bot.sandbox.segmind.account import Books, RateLimit
from bot.sandbox.segmind.assets import Assets
from bot.sandbox.segmind.engine import Engine
from bot.sandbox.segmind.faults import ENDPOINTS, Endpoint, Faults
from bot.sandbox.segmind.inputs import Inputs
from bot.sandbox.segmind.middleware import ORDERS, PUBLIC, Gate
from bot.sandbox.segmind.request_store import Register, Submission, Terms, Witness
from bot.sandbox.segmind.routes import Routes
from bot.sandbox.segmind.scheduler import Clock, Sleep

MEGABYTE = 1024 * 1024
MOST_BODY = 128 * MEGABYTE
MOST_HOSTED = 512 * MEGABYTE


class PortInUse(OSError):
    """Something else listens there."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(errno.EADDRINUSE, f"port {port} of {host} is already in use")
        self.host = host
        self.port = port


class LocalSegmind:
    """A server for as long as its context lasts: `async with LocalSegmind(models, engine=…) as segmind`.

    `clock` tells the time since 1970 and `sleep` waits by it. `speed` divides the times that the models
    usually take. `refusals` are the engine's exceptions whose words are meant for the one who asked.
    `witness` sees each submission when it is accepted, and nothing is answered yet.
    """

    def __init__(
        self,
        models: Mapping[str, type[FaceModel]],
        *,
        engine: Engine,
        refusals: tuple[type[Exception], ...] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        key: str | None = None,
        credits: float = 10.0,  # noqa: A002 - what Segmind calls its USD.
        speed: float = 1.0,
        expiry: float = 3600.0,
        history_delay: float = 0.0,
        workers: int = 4,
        rate: int | None = None,
        rate_counts_polls: bool = False,
        keep_outputs: int = 500,
        keep_uploads: int = 5000,
        remembered: int = 10_000,
        faults: Faults | None = None,
        clock: Clock = time.time,
        sleep: Sleep = asyncio.sleep,
        witness: Witness = lambda _: None,
    ) -> None:
        self.faults = faults or Faults()
        self._host = host
        self._port = port
        self._books = Books(credits)
        uploads = Assets("assets", most=keep_uploads, most_bytes=MOST_HOSTED)
        outputs = Assets("outputs", most=keep_outputs, most_bytes=MOST_HOSTED)
        self._inputs = Inputs((uploads, outputs))
        self._register = Register(
            models=models,
            engine=engine,
            refusals=refusals,
            inputs=self._inputs,
            outputs=outputs,
            books=self._books,
            terms=Terms(speed, expiry, history_delay, workers, remembered),
            clock=clock,
            sleep=sleep,
            witness=witness,
        )
        self._gate = Gate(
            key=key,
            rate=RateLimit(rate),
            limited=frozenset(ENDPOINTS) - PUBLIC if rate_counts_polls else ORDERS,
            faults=self.faults,
            works=self._register.works,
            clock=clock,
            sleep=sleep,
        )
        app = web.Application(middlewares=[self._gate.middleware], client_max_size=MOST_BODY)
        Routes(
            models=models,
            register=self._register,
            books=self._books,
            uploads=uploads,
            outputs=outputs,
            clock=clock,
        ).add_to(app)
        # A v1 call may be waiting for its picture: whoever closes the server does not wait for that.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        self._site: web.TCPSite | None = None
        self._driver: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            await self.resume()
        except BaseException:
            await self._runner.cleanup()
            raise
        self._driver = asyncio.create_task(self._register.works.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.pause()
        if self._driver is not None:
            self._driver.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._driver
        await self._register.works.close()
        await self._runner.cleanup()
        await self._inputs.close()

    @property
    def host(self) -> str:
        return self._host

    @property
    def port(self) -> int:
        """The port that was picked, once the server runs."""
        return self._port

    @property
    def url(self) -> str:
        """Where a client on this machine finds the server."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104 - not bound here.
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}"

    @property
    def balance(self) -> float:
        """What is left, in USD."""
        return self._books.balance

    @balance.setter
    def balance(self, usd: float) -> None:
        self._books.balance = usd

    @property
    def submissions(self) -> tuple[Submission, ...]:
        """Every POST that was accepted, from the oldest to the newest."""
        return tuple(self._register.submissions)

    @property
    def billed(self) -> Mapping[str, float]:
        """USD by request id."""
        return self._books.billed

    @property
    def calls(self) -> Counter[Endpoint]:
        """How often each endpoint was called, faults included."""
        return self._gate.calls

    def expire(self, request_id: str) -> None:
        """Forget the request as if its hour had passed."""
        self._register.expire(request_id)

    async def pause(self) -> None:
        """An outage: connections break and new ones are refused. What was accepted goes on."""
        if self._site is not None:
            await self._site.stop()
            self._site = None
        if self._runner.server is not None:
            for connection in self._runner.server.connections:
                connection.force_close()

    async def resume(self) -> None:
        """Listen, on the same port as before."""
        if self._site is not None:
            return
        site = web.TCPSite(self._runner, self._host, self._port)
        try:
            await site.start()
        except OSError as error:
            await site.stop()
            if error.errno == errno.EADDRINUSE:
                raise PortInUse(self._host, self._port) from None
            raise
        self._site, self._port = site, site.port
