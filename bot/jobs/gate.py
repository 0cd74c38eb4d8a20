"""The gate before Segmind: closed for a while where every submission would be refused."""

from collections.abc import Callable
from enum import StrEnum

from bot.clock import Clock
from bot.jobs.stages import Due, Reconnecting, Stage
from bot.segmind.turnstile import Errand, Turnstile


class Trouble(StrEnum):
    KEY = "key"
    """Segmind does not accept the operator's key."""
    BALANCE = "balance"
    """The operator has no credits left at Segmind."""
    MODEL = "model"
    """Segmind does not offer this model any more."""


class ServicePaused(Exception):
    """An order that would only be refused; nothing was held."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble)
        self.trouble = trouble


class Gate:
    """Behind it stands the turnstile, which keeps the key's rate and knows whether Segmind is in order."""

    def __init__(self, clock: Clock, turnstile: Turnstile) -> None:
        self._clock = clock
        self._turnstile = turnstile
        self._closed: dict[str | None, tuple[float, Trouble]] = {}

    def close(self, trouble: Trouble, *, until: float, slug: str | None = None) -> None:
        """Close for one model, or for all of them."""
        self._closed[slug] = (until, trouble)

    def ask(self, slug: str) -> None:
        """Raise `ServicePaused` where an order would wait for the operator, not for its turn."""
        for _, trouble in self._closures(slug):
            raise ServicePaused(trouble)

    async def passage(self, slug: str, show: Callable[[Stage], None] = lambda _: None) -> None:
        """Wait until the gate is open and it is one's turn; `show` is told what there is to wait for.

        Raises `Unreachable` where Segmind is out of order for too long.
        """
        while True:
            while closures := self._closures(slug):
                await self._clock.sleep(max(until for until, _ in closures) - self._clock.now())
            if self._turnstile.is_busy:
                show(Due())
            await self._turnstile.passage(Errand.SUBMISSION, lambda: show(Reconnecting()))
            # The gate may have closed in the meantime.
            if not self._closures(slug):
                return

    def _closures(self, slug: str) -> list[tuple[float, Trouble]]:
        now = self._clock.now()
        found = [self._closed[key] for key in (None, slug) if key in self._closed]
        return [closure for closure in found if closure[0] > now]
