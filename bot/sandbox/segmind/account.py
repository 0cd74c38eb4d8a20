"""Balance, bills and rate limit of the account behind the API key."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from bot.sandbox.segmind.errors import ApiError

RESET_HEADER = "x-rate-limit-reset-at-utc"
MINUTE = 60.0
MAX_REMEMBERED = 100_000


class Account:
    """Balance in USD. Only completed requests are billed, even beyond the balance."""

    def __init__(self, balance: float) -> None:
        self.balance = balance
        self._billed: dict[str, float] = {}

    @property
    def billed(self) -> Mapping[str, float]:
        """Cost of each request in USD, by request id."""
        return MappingProxyType(self._billed)

    def require_credits(self) -> None:
        if self.balance <= 0:
            raise ApiError(406, "Insufficient credits: add credits to continue.")

    def charge(self, request_id: str, usd: float) -> float:
        self._billed[request_id] = usd
        if len(self._billed) > MAX_REMEMBERED:
            del self._billed[next(iter(self._billed))]
        # Sums of binary fractions drift: a balance of 0.15 must last for three results of 0.05.
        self.balance = round(self.balance - usd, 6)
        return self.balance


class RateLimit:
    """Limit of calls per minute; the minute begins with its first call."""

    def __init__(self, limit: int | None, *, names_reset: bool = True) -> None:
        self._limit = limit
        self._names_reset = names_reset
        self._resets_at = 0.0
        self._count = 0

    def count(self, now: float) -> None:
        if self._limit is None:
            return
        if now >= self._resets_at:
            self._resets_at, self._count = now + MINUTE, 0
        if self._count >= self._limit:
            raise rate_limited(self._resets_at if self._names_reset else None)
        self._count += 1


def rate_limited(resets_at: float | None) -> ApiError:
    """Return the 429 that names its reset, or leaves it out if that is None."""
    headers = {} if resets_at is None else {RESET_HEADER: datetime.fromtimestamp(resets_at, UTC).isoformat()}
    return ApiError(429, "Rate limit exceeded.", headers)
