"""Operator's decisions about jobs of unknown outcome, which the history cannot settle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from bot.clock import Clock
from bot.jobs.ports import SharedValues

log = structlog.stdlib.get_logger(__name__)

_ALERT = "alert about Segmind's history"
_ALERT_INTERVAL = 86_400.0


def release_key(job_id: str) -> str:
    """Key of the value by which the operator releases a job of unknown outcome."""
    return f"release {job_id}"


@dataclass(frozen=True, slots=True)
class OutcomesUnknown:
    """Jobs whose outcome only the operator can decide, as the history does not show the bot's requests."""

    count: int


class OperatorDecisions:
    """Asks the operator, and reads what `doppel unknown --release` wrote."""

    def __init__(
        self, values: SharedValues, on_alert: Callable[[OutcomesUnknown], None], clock: Clock
    ) -> None:
        self._values = values
        self._on_alert = on_alert
        self._clock = clock

    async def is_released(self, job_id: str) -> bool:
        return bool(await self._values.read_value(release_key(job_id)))

    async def ask(self, job_ids: Sequence[str]) -> None:
        """Tell the operator of the jobs, at most once a day for all processes."""
        now = self._clock.now()
        if self._is_recent(await self._values.read_value(_ALERT), now):
            return
        # Of several processes that find the alert due, one swaps first.
        if self._is_recent(await self._values.swap_value(_ALERT, str(now)), now):
            return
        log.error("history does not show the bot's requests", jobs=list(job_ids))
        self._on_alert(OutcomesUnknown(len(job_ids)))

    @staticmethod
    def _is_recent(raised_at: str | None, now: float) -> bool:
        return raised_at is not None and now - float(raised_at) < _ALERT_INTERVAL
