"""The client of discord.py as it is closed."""

import asyncio
from typing import Any

from bot.chat.client import build_client
from bot.chat.contexts import Contexts
from bot.chat.errors import ErrorMessages
from bot.chat.text import Text
from bot.settings import sections


async def test_a_client_that_is_closed_before_it_is_ready_never_becomes_ready() -> None:
    store: Any = None
    client = build_client(
        features=[],
        key_values=store,
        error_messages=ErrorMessages(Text.load()),
        guild_id=None,
        contexts=Contexts(sections.Contexts()),
        guild_ready_timeout=0,
    )
    ready = list[str]()

    async def on_ready() -> None:
        ready.append("ready")

    client.add_listener(on_ready)
    state: Any = client._connection  # pyright: ignore[reportPrivateUsage]
    async with client:
        # discord.py does this after READY, and waits here for the servers.
        state._ready_state = asyncio.Queue()
        await client.close()
        await state._delay_ready()
        await asyncio.sleep(0)
    assert ready == []
