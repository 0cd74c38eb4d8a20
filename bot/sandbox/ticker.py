"""Keeps the simulated Discord on the real clock and its page up to date."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import simcord
import structlog

if TYPE_CHECKING:
    from simcord import Preview

log = structlog.stdlib.get_logger(__name__)

INTERVAL = 0.1
# A failing ticker would fill the log without this pause.
ERROR_PAUSE = 5.0


async def set_clock(env: simcord.Env) -> None:
    """Advance the simulated clock, which begins in 2026, to the real time."""
    await env.advance_time(max(0.0, (datetime.now(UTC) - env.now()).total_seconds()))


class Ticker:
    """Updates clock and page. SimCord allows one action at a time, so every actor holds `lock`."""

    def __init__(self, env: simcord.Env, preview: "Preview", show_change: Callable[[], None]) -> None:
        self._env = env
        self._preview = preview
        self._show_change = show_change
        self._shown_requests = -1
        self.lock = asyncio.Lock()

    async def run(self) -> None:
        pause = INTERVAL
        while True:
            await asyncio.sleep(pause)
            async with self.lock:
                pause = INTERVAL if await self._tick() else ERROR_PAUSE

    async def _tick(self) -> bool:
        try:
            await self._update()
        except (TimeoutError, simcord.SetupError) as error:
            # A slow handler, or a page that is closing.
            log.debug("simulated Discord busy", error=str(error))
        except Exception:
            # The next tick tries again, because a frozen page would look like a frozen bot.
            log.exception("page update failed")
            return False
        return True

    async def _update(self) -> None:
        await set_clock(self._env)
        requests = len(self._env.http_requests)
        if requests != self._shown_requests:
            await self._preview.refresh()
            self._shown_requests = requests
            self._show_change()
