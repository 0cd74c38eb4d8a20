"""Whether the bot lives, and whether it takes orders: the questions, and how `doppel health` asks them."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from http.client import HTTPConnection, HTTPException
from typing import Protocol

from bot.jobs.supervision.outage import Outage

PATIENCE = 3.0
ASKED_PATIENCE = 5.0
OK = 200

# Where one listens at every address, it is asked at the machine's own.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - replaced by the local ones

Wrong = Mapping[str, str]
"""What is wrong, by the part of the bot; empty is well."""
Check = Callable[[], str | None]
"""Says in words what is wrong with one part, or nothing."""


class Client(Protocol):
    @property
    def shards_wanted(self) -> int: ...

    @property
    def shards_online(self) -> int: ...

    def is_ready(self) -> bool: ...


class Store(Protocol):
    def lease_left(self) -> float | None: ...

    def ping(self) -> Awaitable[None]:
        """Raises where the store answers nothing."""
        ...


class Health:
    """That the event loop turns is told by there being an answer at all."""

    def __init__(self, store: Store, *, patience: float = PATIENCE) -> None:
        self._store = store
        self._patience = patience
        self._pinging: asyncio.Future[None] | None = None
        self._checks: Mapping[str, Check] = {"start": lambda: "the bot is still starting"}

    def assembled(self, checks: Mapping[str, Check]) -> None:
        """From here on it depends on these whether the bot takes orders."""
        self._checks = checks

    async def alive(self) -> Wrong:
        trouble = await self._database()
        return {} if trouble is None else {"database": trouble}

    async def ready(self) -> Wrong:
        found = {part: trouble for part, check in self._checks.items() if (trouble := check()) is not None}
        return {**await self.alive(), **found}

    async def close(self) -> None:
        if self._pinging is not None:
            self._pinging.cancel()
            await asyncio.gather(self._pinging, return_exceptions=True)

    async def _database(self) -> str | None:
        # One question for all who ask, and never taken back: that could break a connection of the store's.
        if self._pinging is None or self._pinging.done():
            self._pinging = asyncio.ensure_future(self._store.ping())
        ping = self._pinging
        await asyncio.wait({ping}, timeout=self._patience)
        if not ping.done():
            return f"it has not answered for {self._patience:g} seconds"
        # The words of a driver may name hosts and users, and whoever comes by may ask.
        return "it cannot be used" if ping.cancelled() or ping.exception() else None


def needed(client: Client, store: Store, outage: Outage) -> Mapping[str, Check]:
    """What a bot needs that takes orders."""

    def discord() -> str | None:
        online, wanted = client.shards_online, client.shards_wanted
        if online < wanted:
            return f"{online} of {wanted} connections are there"
        return None if client.is_ready() else "it has not told of all servers yet"

    def lease() -> str | None:
        left = store.lease_left()
        return None if left is None or left > 0 else "it ran out, so others may take the jobs over"

    def orders() -> str | None:
        return "none are taken, because the database takes nothing" if outage.is_active() else None

    return {"discord": discord, "lease": lease, "orders": orders}


def report(wrong: Wrong) -> str:
    return json.dumps({"ok": not wrong, "wrong": dict(wrong)})


def asked(host: str, port: int, path: str) -> tuple[bool, str]:
    """Whether a running bot says that it is well, and what it says."""
    host = _EVERYWHERE.get(host, host)
    connection = HTTPConnection(host, port, timeout=ASKED_PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        words = answer.read().decode(errors="replace")
    except (OSError, HTTPException) as error:
        return False, f"there is no answer at {host}, port {port} ({type(error).__name__})."
    finally:
        connection.close()
    return answer.status == OK, words
