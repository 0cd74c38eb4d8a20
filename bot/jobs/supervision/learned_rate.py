"""Learned rate of the key, kept over restarts and shared by all processes."""

import hashlib
import json

import structlog
from pydantic import SecretStr

from bot.clock import Clock
from bot.jobs.ports import KeyValues, StoreUnavailable
from bot.segmind.rate import KeyRate

log = structlog.stdlib.get_logger(__name__)

REFRESH_INTERVAL = 15.0


async def read_rate(values: KeyValues, key: SecretStr | None) -> object:
    """Read the rate of this key as another process has learned it."""
    return _parsed(await values.read_value(rate_name(key)))


def rate_name(key: SecretStr | None) -> str:
    """Name under which the rate of this key is kept; a new key starts without one."""
    secret = b"" if key is None else key.get_secret_value().encode()
    return f"rate {hashlib.sha256(secret).hexdigest()[:16]}"


class LearnedRate:
    """Exchanges the rate with other processes through the database: the newest refusal counts."""

    def __init__(self, rate: KeyRate, name: str, values: KeyValues, clock: Clock) -> None:
        self._rate = rate
        self._name = name
        self._values = values
        self._clock = clock

    async def run(self) -> None:
        while True:
            await self._clock.sleep(REFRESH_INTERVAL)
            await self.refresh()

    async def refresh(self) -> None:
        try:
            stored = await self._values.read_value(self._name)
            self._rate.load(_parsed(stored))
            if (learned := self._rate.export()) is not None and (text := json.dumps(learned)) != stored:
                await self._values.write_value(self._name, text)
        except StoreUnavailable:
            # Nothing depends on it, and the next refresh is soon.
            return


def _parsed(text: str | None) -> object:
    try:
        return json.loads(text or "null")
    except ValueError:
        log.warning("learned rate unreadable, starting over")
        return None
