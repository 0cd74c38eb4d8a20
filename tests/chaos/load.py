"""Simulated members who order in bursts, watch their replies for a while and leave."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

from tests.chaos.leaks import CANARY
from tests.chaos.orders import PlacedOrder, plan_batch, plan_order
from tests.chaos.reply_states import ended, rejected
from tests.discord.entities import Guild, Member
from tests.discord.server import SmallDiscord
from tests.discord.user import Reply

INTERVAL = 0.1
# Seconds that a member waits for the bot's first response.
ANSWER_SECONDS = 5.0
_BURSTS = (1, 1, 1, 2, 3)
_LONGEST_VISIT = 20
_TOKEN_ENDS_EARLY = 0.04
# Members order nothing more while this many orders have no reply yet, without those that have waited longer
# than these seconds: on a busy machine, the bot would fall ever further behind.
_MOST_SILENT, _SILENT_SECONDS = 60, 60.0


@dataclass(eq=False, slots=True)
class OrderGate:
    """Servers of one process, and whether members may order there now."""

    guilds: Sequence[Guild]
    is_open: asyncio.Event = field(default_factory=asyncio.Event)


class Members:
    """Places the orders of all members."""

    def __init__(self, discord: SmallDiscord, dice: random.Random, batches: float = 0.0) -> None:
        self._discord = discord
        self._dice = dice
        self._batches = batches
        self._names = count(1)
        self.placed: list[PlacedOrder] = []
        self._silent: list[PlacedOrder] = []
        self._next_look = 0.0

    async def occupy_seat(self, order_gate: OrderGate) -> None:
        """Fill one seat with one member after another until cancelled."""
        while True:
            member = Member(f"{CANARY}-{next(self._names)}")
            guild = self._dice.choice(order_gate.guilds)
            for _ in range(self._dice.randint(1, _LONGEST_VISIT)):
                burst = await self._burst(order_gate, guild, member)
                await self._watch(burst, self._dice.uniform(0.5, 4))
                if any(rejected(placed.reply) for placed in burst):
                    break

    async def _burst(self, order_gate: OrderGate, guild: Guild, member: Member) -> Sequence[PlacedOrder]:
        if self._dice.random() < self._batches:
            batch = await self._order_batch(order_gate, guild, member)
            return [] if batch is None else [batch]
        return [await self._order(order_gate, guild, member) for _ in range(self._dice.choice(_BURSTS))]

    async def _order_batch(self, order_gate: OrderGate, guild: Guild, member: Member) -> PlacedOrder | None:
        """Order several targets with the form of `/swap`; None if a bot that is down opens no form."""
        await self._until_open(order_gate, guild)
        values, planned = plan_batch(self._dice)
        opened = await self._discord.send_slash("swap", member=member, guild=guild)
        await self._until_answered(opened, guild)
        if opened.interaction.form is None:
            return None
        reply = await self._discord.submit(opened, member=member, guild=guild, **values)
        placed = PlacedOrder(planned[0], member, guild, reply, time.time(), planned)
        return await self._follow(placed)

    async def _order(self, order_gate: OrderGate, guild: Guild, member: Member) -> PlacedOrder:
        await self._until_open(order_gate, guild)
        asked = plan_order(self._dice)
        reply = await self._discord.send_slash(asked.slug, member=member, guild=guild, **asked.options)
        return await self._follow(PlacedOrder(asked, member, guild, reply, time.time()))

    async def _follow(self, placed: PlacedOrder) -> PlacedOrder:
        self.placed.append(placed)
        self._silent.append(placed)
        reply = placed.reply
        await self._until_answered(reply, placed.guild)
        if self._dice.random() < _TOKEN_ENDS_EARLY:
            reply.interaction.expires_at = time.time() + self._dice.uniform(0, 2)
        return placed

    async def _until_open(self, order_gate: OrderGate, guild: Guild) -> None:
        """Wait until the scenario wants orders and the bot is online."""
        while True:
            await order_gate.is_open.wait()
            if self._discord.gateway.serves(guild) and self._discord.commands and self._is_keeping_up():
                return
            await asyncio.sleep(INTERVAL)

    def _is_keeping_up(self) -> bool:
        if len(self._silent) >= _MOST_SILENT and (now := time.time()) >= self._next_look:
            # All seats ask, and one look serves them.
            self._next_look, oldest = now + INTERVAL, now - _SILENT_SECONDS
            self._silent = [
                placed
                for placed in self._silent
                if placed.at > oldest and not (placed.reply.edits or placed.reply.deleted)
            ]
        return len(self._silent) < _MOST_SILENT

    async def _until_answered(self, reply: Reply, guild: Guild) -> None:
        until = reply.interaction.sent_at + ANSWER_SECONDS
        answered = reply.interaction.answered
        while not answered.is_set() and time.time() < until and self._discord.gateway.serves(guild):
            await asyncio.sleep(INTERVAL / 2)

    async def _watch(self, burst: Sequence[PlacedOrder], patience: float) -> None:
        """Wait for the replies: members order more only after an outcome, but not all wait for the end."""
        answered = [placed for placed in burst if placed.reply.interaction.message is not None]
        await self._until(lambda: all(placed.reply.edits for placed in answered), ANSWER_SECONDS)
        await self._until(lambda: all(ended(placed.reply) for placed in answered), patience)

    async def _until(self, seen: Callable[[], bool], patience: float) -> None:
        until = time.time() + patience
        while not seen() and time.time() < until:
            await asyncio.sleep(INTERVAL)
