"""Local Segmind: an HTTP server with the v2 contract, its own account and faults on demand."""

import asyncio
import errno
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from bot.models import FaceModel
from bot.sandbox.segmind.account import Account, RateLimit
from bot.sandbox.segmind.assets import Assets
from bot.sandbox.segmind.engine import Engine
from bot.sandbox.segmind.faults.script import ENDPOINTS, Endpoint, Faults
from bot.sandbox.segmind.inputs import InputReader
from bot.sandbox.segmind.middleware import ORDERS, PUBLIC, ApiMiddleware
from bot.sandbox.segmind.request_store import OnSubmission, RequestStore, StoreConfig, Submission
from bot.sandbox.segmind.routes import Routes
from bot.sandbox.segmind.saved import SavedState
from bot.sandbox.segmind.scheduler import Clock, Sleep
from bot.tasks import cancel

MEGABYTE = 1024 * 1024
MAX_BODY = 128 * MEGABYTE
MAX_HOSTED_BYTES = 512 * MEGABYTE
MAX_UPLOADS = 5000


class PortInUse(OSError):
    """Another process listens on the port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(errno.EADDRINUSE, f"port {port} of {host} is already in use")
        self.host = host
        self.port = port


class LocalSegmind:
    """Server that runs inside its context: `async with LocalSegmind(models, engine=…) as segmind`.

    `clock` returns the Unix time and `sleep` waits by it. `speed` divides the models' usual durations.
    `user_errors` are the engine's exceptions whose message the API's user may read. `on_submission` is called
    with each submission after it was accepted and before the response. With a `folder`, the server saves
    its requests and files there; the next one goes on with them, on the same port if that is still free.
    """

    def __init__(
        self,
        models: Mapping[str, type[FaceModel]],
        *,
        engine: Engine,
        user_errors: tuple[type[Exception], ...] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        key: str | None = None,
        credits: float = 10.0,  # noqa: A002 - Segmind's own word for USD.
        speed: float = 1.0,
        history_delay: float = 0.0,
        workers: int = 4,
        rate: int | None = None,
        rate_counts_polls: bool = False,
        rate_names_reset: bool = True,
        keep_outputs: int = 500,
        history_size: int = 10_000,
        faults: Faults | None = None,
        folder: Path | None = None,
        clock: Clock = time.time,
        sleep: Sleep = asyncio.sleep,
        on_submission: OnSubmission = lambda _: None,
    ) -> None:
        self.faults = faults or Faults()
        self._host = host
        self._port = port
        self._account = Account(credits)
        uploads = Assets("assets", max_count=MAX_UPLOADS, max_bytes=MAX_HOSTED_BYTES)
        outputs = Assets("outputs", max_count=keep_outputs, max_bytes=MAX_HOSTED_BYTES)
        self._inputs = InputReader((uploads, outputs))
        self._store = RequestStore(
            models=models,
            engine=engine,
            user_errors=user_errors,
            inputs=self._inputs,
            outputs=outputs,
            account=self._account,
            config=StoreConfig(speed, history_delay, workers, history_size),
            clock=clock,
            sleep=sleep,
            on_submission=on_submission,
        )
        self._saved = None if folder is None else SavedState(folder, self._store, uploads, outputs)
        self._middleware = ApiMiddleware(
            key=key,
            rate=RateLimit(rate, names_reset=rate_names_reset),
            limited=frozenset(ENDPOINTS) - PUBLIC if rate_counts_polls else ORDERS,
            faults=self.faults,
            scheduler=self._store.scheduler,
            clock=clock,
            sleep=sleep,
        )
        app = web.Application(middlewares=[self._middleware.middleware], client_max_size=MAX_BODY)
        Routes(
            models=models,
            store=self._store,
            account=self._account,
            uploads=uploads,
            outputs=outputs,
            clock=clock,
        ).add_to(app)
        # Closing does not wait for v1 calls, which stay open until their picture is rendered.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        self._site: web.TCPSite | None = None
        self._scheduler_task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            await self._listen()
        except BaseException:
            await self._runner.cleanup()
            raise
        self._scheduler_task = asyncio.create_task(self._store.scheduler.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.pause()
        await cancel(self._scheduler_task)
        await self._store.scheduler.close()
        await self._runner.cleanup()
        await self._inputs.close()

    @property
    def host(self) -> str:
        return self._host

    @property
    def port(self) -> int:
        """Port that the server listens on, once it runs."""
        return self._port

    @property
    def url(self) -> str:
        """URL of the server for a client on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104 - compared, not bound.
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}"

    @property
    def balance(self) -> float:
        """Balance of the account in USD."""
        return self._account.balance

    @balance.setter
    def balance(self, usd: float) -> None:
        self._account.balance = usd

    @property
    def submissions(self) -> tuple[Submission, ...]:
        """Every accepted POST, oldest first."""
        return tuple(self._store.submissions)

    @property
    def billed(self) -> Mapping[str, float]:
        """Cost in USD by request id."""
        return self._account.billed

    @property
    def calls(self) -> Counter[Endpoint]:
        """Number of calls to each endpoint, including those with faults."""
        return self._middleware.calls

    def expire(self, request_id: str) -> None:
        """Expire a request now instead of after an hour."""
        self._store.expire(request_id)

    def save(self) -> None:
        """Save the requests and files to the server's folder."""
        if self._saved is not None:
            self._saved.save(self._port, self.balance)

    async def _listen(self) -> None:
        saved = None if self._saved is None else self._saved.restore()
        if saved is None:
            await self.resume()
            return
        self.balance = saved.balance
        chosen, self._port = self._port, self._port or saved.port
        try:
            await self.resume()
        except PortInUse:
            if chosen:
                raise
            # Results whose addresses name the former port are lost, and the bot gives their credits back.
            self._port = 0
            await self.resume()

    async def pause(self) -> None:
        """Start an outage: break all connections and refuse new ones. Accepted requests continue."""
        if self._site is not None:
            await self._site.stop()
            self._site = None
        if self._runner.server is not None:
            for connection in self._runner.server.connections:
                connection.force_close()

    async def resume(self) -> None:
        """Listen again, on the same port as before."""
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
