"""The account of the key: what is left, what was billed, and how often it may call."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from bot.sandbox.segmind.errors import Refusal

RESET_HEADER = "x-rate-limit-reset-at-utc"
MINUTE = 60.0
REMEMBERED = 100_000


class Books:
    """USD. Only what is completed is billed, and what was accepted is finished even beyond the balance."""

    def __init__(self, balance: float) -> None:
        self.balance = balance
        self._billed: dict[str, float] = {}

    @property
    def billed(self) -> Mapping[str, float]:
        """What each request cost, by its id."""
        return MappingProxyType(self._billed)

    def check(self) -> None:
        if self.balance <= 0:
            raise Refusal(406, "Insufficient credits: add credits to continue.")

    def charge(self, request_id: str, usd: float) -> float:
        self._billed[request_id] = usd
        if len(self._billed) > REMEMBERED:
            del self._billed[next(iter(self._billed))]
        # Sums of binary fractions drift: a balance of 0.15 must last for three results of 0.05.
        self.balance = round(self.balance - usd, 6)
        return self.balance


class RateLimit:
    """So many calls in a minute, which begins with the first of them."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._resets_at = 0.0
        self._count = 0

    def count(self, now: float) -> None:
        if self._most is None:
            return
        if now >= self._resets_at:
            self._resets_at, self._count = now + MINUTE, 0
        if self._count >= self._most:
            raise rate_limited(self._resets_at)
        self._count += 1


def rate_limited(resets_at: float) -> Refusal:
    moment = datetime.fromtimestamp(resets_at, UTC).isoformat()
    return Refusal(429, "Rate limit exceeded.", {RESET_HEADER: moment})
