"""The gate before Segmind: closed for a while where every submission would be refused."""

from enum import StrEnum

from aiolimiter import AsyncLimiter

from bot.jobs.ports import Clock


class Trouble(StrEnum):
    KEY = "key"
    """Segmind does not accept the operator's key."""
    BALANCE = "balance"
    """The operator has no credits left at Segmind."""
    MODEL = "model"
    """Segmind does not offer this model any more."""
    RATE = "rate"
    """Too many requests: passes by itself."""


class ServicePaused(Exception):
    """An order that would only be refused; nothing was held."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble)
        self.trouble = trouble


class Gate:
    """`per_minute` bounds the submissions, whoever makes them."""

    def __init__(self, clock: Clock, *, per_minute: int) -> None:
        self._clock = clock
        self._rate = AsyncLimiter(per_minute)
        self._closed: dict[str | None, tuple[float, Trouble]] = {}

    def close(self, trouble: Trouble, *, until: float, slug: str | None = None) -> None:
        """Close for one model, or for all of them."""
        self._closed[slug] = (until, trouble)

    def ask(self, slug: str) -> None:
        """Raise `ServicePaused` where an order would wait for the operator, not for its turn."""
        for _, trouble in self._closures(slug):
            if trouble is not Trouble.RATE:
                raise ServicePaused(trouble)

    async def passage(self, slug: str) -> None:
        """Wait until the gate is open and it is one's turn in the minute."""
        while closures := self._closures(slug):
            await self._clock.sleep(max(until for until, _ in closures) - self._clock.now())
        await self._rate.acquire()

    def _closures(self, slug: str) -> list[tuple[float, Trouble]]:
        now = self._clock.now()
        found = [self._closed[key] for key in (None, slug) if key in self._closed]
        return [closure for closure in found if closure[0] > now]
