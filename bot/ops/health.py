"""Liveness and readiness of the bot, and the request with which `doppel health` asks for them."""

import asyncio
import json
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException

from bot.jobs.supervision.outage import Outage
from bot.ops.sources import Client, Cluster, Store
from bot.tasks import cancel

DATABASE_TIMEOUT = 3.0
REQUEST_TIMEOUT = 5.0
OK = 200

# A bot that listens on every address is asked on the loopback one.
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - replaced by the loopback addresses

Problems = Mapping[str, str]
"""A sentence for each part of the bot that has a problem."""
Check = Callable[[], str | None]
"""Returns the problem of one part, or None."""


class Health:
    """Answers health checks. An answer alone shows that the event loop runs."""

    def __init__(self, store: Store, *, timeout: float = DATABASE_TIMEOUT) -> None:
        self._store = store
        self._timeout = timeout
        self._pinging: asyncio.Future[None] | None = None
        self._checks: Mapping[str, Check] = {"start": lambda: "the bot is still starting"}

    def require(self, checks: Mapping[str, Check]) -> None:
        """From now on the bot is ready if these checks find no problem."""
        self._checks = checks

    async def alive(self) -> Problems:
        problem = await self._database()
        return {} if problem is None else {"database": problem}

    async def ready(self) -> Problems:
        problems = {part: problem for part, check in self._checks.items() if (problem := check()) is not None}
        return {**await self.alive(), **problems}

    async def close(self) -> None:
        await cancel(self._pinging)

    async def _database(self) -> str | None:
        # All requests share one ping. It is never cancelled, which could break a connection of the store.
        if self._pinging is None or self._pinging.done():
            self._pinging = asyncio.ensure_future(self._store.ping())
        ping = self._pinging
        await asyncio.wait({ping}, timeout=self._timeout)
        if not ping.done():
            return f"it has not answered for {self._timeout:g} seconds"
        # The driver's own message may name hosts and users, and this endpoint is open to everybody.
        return "it cannot be used" if ping.cancelled() or ping.exception() else None


def readiness_checks(client: Client, store: Store, cluster: Cluster, outage: Outage) -> Mapping[str, Check]:
    """Checks that must pass before the bot takes orders."""

    def discord() -> str | None:
        online, wanted = client.shards_online, client.shards_wanted
        if online < wanted:
            return f"{online} of {wanted} connections are up"
        return None if client.is_ready() else "it has not listed all servers yet"

    def lease() -> str | None:
        left = store.lease_left()
        return None if left is None or left > 0 else "it expired, so other processes may take over the jobs"

    def orders() -> str | None:
        return "none are accepted, because the database cannot be written to" if outage.is_active() else None

    def takeover() -> str | None:
        return "the checks of the other processes keep failing" if cluster.is_failing else None

    def jobs() -> str | None:
        count = store.unreadable_jobs()
        return f"this version cannot read {count} of them, so no process runs them" if count else None

    return {"discord": discord, "lease": lease, "orders": orders, "takeover": takeover, "jobs": jobs}


def report(problems: Problems) -> str:
    return json.dumps({"ok": not problems, "wrong": dict(problems)})


def ask(host: str, port: int, path: str) -> tuple[bool, str]:
    """Ask a running bot for its health; return whether it is well, and its answer."""
    host = _ANY_ADDRESS.get(host, host)
    connection = HTTPConnection(host, port, timeout=REQUEST_TIMEOUT)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read().decode(errors="replace")
    except (OSError, HTTPException) as error:
        return False, f"no answer from {host}, port {port} ({type(error).__name__})."
    finally:
        connection.close()
    return response.status == OK, body
