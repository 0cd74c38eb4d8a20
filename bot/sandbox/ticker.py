"""The pulse of the simulated Discord: it follows the real clock, and the page follows it."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import simcord
import structlog

if TYPE_CHECKING:
    from simcord import Preview

log = structlog.stdlib.get_logger(__name__)

BEAT = 0.1
# After a beat that went wrong, so that the log can be read.
REST = 5.0


async def set_clock(env: simcord.Env) -> None:
    """Bring the simulated clock, which begins in 2026, up to the real one."""
    await env.advance_time(max(0.0, (datetime.now(UTC) - env.now()).total_seconds()))


class Pulse:
    """Whoever acts on the simulated Discord holds `turn`: it serves one at a time, and refuses a second."""

    def __init__(self, env: simcord.Env, preview: "Preview") -> None:
        self._env = env
        self._preview = preview
        self._shown = -1
        self.turn = asyncio.Lock()

    async def run(self) -> None:
        pause = BEAT
        while True:
            await asyncio.sleep(pause)
            async with self.turn:
                pause = BEAT if await self._went_well() else REST

    async def _went_well(self) -> bool:
        try:
            await self._beat()
        except (TimeoutError, simcord.SetupError) as error:
            # A handler that takes its time, or a page that is being closed.
            log.debug("the simulated Discord is busy", error=str(error))
        except Exception:
            # A page that stands still would look like a bot that does.
            log.exception("the page could not be brought up to date")
            return False
        return True

    async def _beat(self) -> None:
        await set_clock(self._env)
        said = len(self._env.http_requests)
        if said != self._shown:
            await self._preview.refresh()
            self._shown = said
