"""Buttons that members press and refunds that administrators give while jobs run."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

from tests.chaos.load import Members
from tests.chaos.orders import PlacedOrder
from tests.chaos.reply_states import job_buttons
from tests.discord.entities import Guild, Member
from tests.discord.records import Message
from tests.discord.server import SmallDiscord
from tests.discord.user import Reply

_PAUSE = (0.05, 0.4)
# Orders that somebody may still press a button of.
_RECENT = 60
# Names of buttons, and a command. "rest" cancels what waits of a batch; "seed" orders with another seed.
_ACTIONS = ("cancel", "rest", "again", "seed", "report", "refund")
_WEIGHTS = (6, 6, 2, 2, 2, 2)
_TWICE = 0.2
_FORM_SECONDS = 1.0


class Presses:
    """Presses buttons of recent orders until cancelled."""

    def __init__(self, discord: SmallDiscord, members: Members, dice: random.Random) -> None:
        self._discord = discord
        self._members = members
        self._dice = dice
        self.counts: Counter[str] = Counter()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._dice.uniform(*_PAUSE))
            if choices := list(self._choices()):
                action, placed, message, job_id = self._dice.choice(choices)
                # A member who sees nothing happen presses again.
                for _ in range(2 if self._dice.random() < _TWICE else 1):
                    await self._act(action, placed, message, job_id)

    def _choices(self) -> Iterator[tuple[str, PlacedOrder, Message, str]]:
        """Yield what can be done to an order, for one kind of action that is drawn before."""
        (action,) = self._dice.choices(_ACTIONS, _WEIGHTS)
        shown = [placed for placed in self._members.placed[-4 * _RECENT :] if placed.reply.edits]
        for placed in shown[-_RECENT:]:
            message = placed.reply.interaction.message
            if message is None or not self._discord.gateway.serves(placed.guild):
                continue
            buttons = job_buttons(message)
            # What can be given back is a result.
            wanted = "report" if action == "refund" else action
            if wanted in buttons:
                yield action, placed, message, buttons[wanted].rpartition(":")[2]

    async def _act(self, action: str, placed: PlacedOrder, message: Message, job_id: str) -> None:
        self.counts[action] += 1
        guild, member = placed.guild, placed.member
        if action == "refund":
            await self._discord.send_slash("admin refund", member=_ADMINISTRATOR, guild=guild, job=job_id)
            return
        custom_id = job_buttons(message).get(action)
        if custom_id is None:
            return
        presser = _NEIGHBOUR if action == "report" else member
        reply = await self._discord.press(message, custom_id, member=presser, guild=guild)
        if action == "report":
            # The bot may be killed before it shows the form.
            with suppress(TimeoutError):
                async with asyncio.timeout(_FORM_SECONDS):
                    await reply.interaction.answered.wait()
            if reply.interaction.form is not None:
                await self._discord.submit(reply, member=presser, guild=guild, complaint="consent")
        if action in {"again", "seed"}:
            self._members.placed.append(_ordered_again(placed, guild, member, reply))


_NEIGHBOUR, _ADMINISTRATOR = Member("neighbour"), Member("administrator")


def _ordered_again(placed: PlacedOrder, guild: Guild, member: Member, reply: Reply) -> PlacedOrder:
    return PlacedOrder(placed.planned, member, guild, reply, time.time())
