"""The members: they order in bursts, look at what comes of it for a while, and others take their place."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

from tests.chaos.leaks import CANARY
from tests.chaos.orders import Placed, wanted
from tests.chaos.reply_states import ended, refused
from tests.discord.entities import Guild, Member
from tests.discord.server import SmallDiscord

GLANCE = 0.1
# How long a member waits for the bot to say anything at all, as Discord itself would.
UNHEARD_SECONDS = 5.0
_BURSTS = (1, 1, 1, 2, 3)
_LONGEST_VISIT = 20
_TOKEN_ENDS_EARLY = 0.04


@dataclass(eq=False, slots=True)
class Gathering:
    """Those who order from one process, as long as its gate is open."""

    guilds: Sequence[Guild]
    gate: asyncio.Event = field(default_factory=asyncio.Event)


class Crowd:
    def __init__(self, discord: SmallDiscord, dice: random.Random) -> None:
        self._discord = discord
        self._dice = dice
        self._names = count(1)
        self.placed: list[Placed] = []

    async def visit(self, gathering: Gathering) -> None:
        """One seat, taken by one member after the other until it is cancelled."""
        while True:
            member = Member(f"{CANARY}-{next(self._names)}")
            guild = self._dice.choice(gathering.guilds)
            for _ in range(self._dice.randint(1, _LONGEST_VISIT)):
                burst = [
                    await self._order(gathering, guild, member) for _ in range(self._dice.choice(_BURSTS))
                ]
                await self._look(burst, self._dice.uniform(0.5, 4))
                if any(refused(placed.reply) for placed in burst):
                    break

    async def _order(self, gathering: Gathering, guild: Guild, member: Member) -> Placed:
        await self._welcome(gathering, guild)
        asked = wanted(self._dice)
        reply = await self._discord.slash_unheard(asked.slug, member=member, guild=guild, **asked.options)
        placed = Placed(asked, member, guild, reply, time.time())
        self.placed.append(placed)
        await self._heard(placed)
        if self._dice.random() < _TOKEN_ENDS_EARLY:
            reply.interaction.over_at = time.time() + self._dice.uniform(0, 2)
        return placed

    async def _welcome(self, gathering: Gathering, guild: Guild) -> None:
        """Until the storm wants orders and the bot is seen online."""
        while True:
            await gathering.gate.wait()
            if self._discord.gateway.tells_of(guild) and self._discord.commands:
                return
            await asyncio.sleep(GLANCE)

    async def _heard(self, placed: Placed) -> None:
        until = placed.at + UNHEARD_SECONDS
        answered = placed.reply.interaction.answered
        while not answered.is_set() and time.time() < until and self._discord.gateway.tells_of(placed.guild):
            await asyncio.sleep(GLANCE / 2)

    async def _look(self, burst: Sequence[Placed], patience: float) -> None:
        """Nobody orders more before they see what came of it, and not everybody waits for the end."""
        heard = [placed for placed in burst if placed.reply.interaction.message is not None]
        await self._until(lambda: all(placed.reply.edits for placed in heard), UNHEARD_SECONDS)
        await self._until(lambda: all(ended(placed.reply) for placed in heard), patience)

    async def _until(self, seen: Callable[[], bool], patience: float) -> None:
        until = time.time() + patience
        while not seen() and time.time() < until:
            await asyncio.sleep(GLANCE)
