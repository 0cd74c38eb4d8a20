"""Values are kept by name over restarts."""

from bot.store import SqlStore
from tests.store.orders import START, HandClock


async def test_a_value_is_read_as_it_was_last_written(url: str, clock: HandClock) -> None:
    async with SqlStore(url, start=START, clock=clock) as store:
        assert await store.read_value("commands") is None
        await store.write_value("commands", "one")
        await store.write_value("commands", "two")
        await store.write_value("another", "three")
    async with SqlStore(url, start=START, clock=clock) as store:
        assert await store.read_value("commands") == "two"
