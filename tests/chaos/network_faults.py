"""Network faults between the bot and both services, one every second or so."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from bot.sandbox.segmind import LocalSegmind
from tests.discord.faults import Broken, Dropped, Late, Limited
from tests.discord.server import SmallDiscord

# Discord's endpoints that the bot uses while a member waits.
_SHOWING = ("edit", "edit-in-channel", "send", "follow-up")
_ASKING = ("status", "result", "file", "history")
_DISTURBED, _CALM = (0.3, 1.5), (0.3, 1.2)


class NetworkFaults:
    """Applies random faults until cancelled, then restores the network."""

    def __init__(
        self, discord: SmallDiscord, segmind: LocalSegmind, segmind_faults: str, dice: random.Random
    ) -> None:
        self._discord = discord
        self._segmind = segmind
        self._segmind_faults = segmind_faults
        self._dice = dice
        self.disturbances = 0

    async def run(self) -> None:
        disturbances: tuple[Callable[[], Awaitable[None]], ...] = (
            self._discord_late,
            self._discord_limits,
            self._discord_breaks,
            self._discord_drops,
            self._gateway_drops,
            self._gateway_asks,
            self._gateway_forgets,
            self._gateway_is_away,
            self._segmind_late,
            self._segmind_limits,
            self._segmind_breaks,
            self._segmind_drops,
            self._segmind_babbles,
            self._segmind_is_away,
        )
        try:
            while True:
                await asyncio.sleep(self._dice.uniform(*_CALM))
                await self._dice.choice(disturbances)()
                self.disturbances += 1
                self._clear()
        finally:
            self._clear()
            self._discord.gateway.open = True
            await self._segmind.resume()

    async def _hold(self) -> None:
        await asyncio.sleep(self._dice.uniform(*_DISTURBED))

    def _clear(self) -> None:
        self._discord.faults.clear()
        self._segmind.faults.clear()
        self._segmind.faults.add_rules(self._segmind_faults)

    async def _discord_late(self) -> None:
        self._discord.faults.by_chance("*", Late(0.4), 0.7)
        await self._hold()

    async def _discord_limits(self) -> None:
        for endpoint in _SHOWING:
            self._discord.faults.by_chance(endpoint, Limited(self._dice.uniform(0.1, 0.6)), 0.8)
        self._discord.faults.by_chance("edit-in-channel", Limited(0.2, everywhere=True), 0.2)
        await self._hold()

    async def _discord_breaks(self) -> None:
        for endpoint in (*_SHOWING, "answer"):
            self._discord.faults.by_chance(endpoint, Broken(self._dice.choice((500, 502, 503, 504))), 0.6)
        await self._hold()

    async def _discord_drops(self) -> None:
        for endpoint in (*_SHOWING, "answer"):
            self._discord.faults.by_chance(endpoint, Dropped(after=self._dice.random() < 0.5), 0.5)
        await self._hold()

    async def _gateway_drops(self) -> None:
        self._discord.gateway.cut()

    async def _gateway_asks(self) -> None:
        await self._discord.gateway.ask_to_reconnect()

    async def _gateway_forgets(self) -> None:
        """End the sessions, so that the bot never receives the events until its next session."""
        self._discord.gateway.cut()
        self._discord.gateway.forget_sessions()

    async def _gateway_is_away(self) -> None:
        self._discord.gateway.open = False
        self._discord.gateway.cut()
        await self._hold()
        self._discord.gateway.open = True

    async def _segmind_late(self) -> None:
        self._segmind.faults.always("*", "latency=0.5", probability=0.6)
        await self._hold()

    async def _segmind_limits(self) -> None:
        self._segmind.faults.always("submit", "rate-limit=1", probability=0.7)
        self._segmind.faults.always("result", "rate-limit=1", probability=0.3)
        await self._hold()

    async def _segmind_breaks(self) -> None:
        status = self._dice.choice((500, 502, 504))
        for endpoint in _ASKING:
            self._segmind.faults.always(endpoint, f"error-before={status}", probability=0.6)
        self._segmind.faults.always("submit", f"error-after={status}", probability=0.3)
        await self._hold()

    async def _segmind_drops(self) -> None:
        for endpoint in _ASKING:
            self._segmind.faults.always(endpoint, "drop-after", probability=0.6)
        self._segmind.faults.always("submit", "drop-after", probability=0.3)
        await self._hold()

    async def _segmind_babbles(self) -> None:
        for endpoint in ("status", "result", "history"):
            self._segmind.faults.always(endpoint, "truncated", probability=0.4)
        await self._hold()

    async def _segmind_is_away(self) -> None:
        await self._segmind.pause()
        await self._hold()
        await self._segmind.resume()
