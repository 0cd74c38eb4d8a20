"""The rate of a key is kept over restarts and shared by the processes of one database."""

import pytest
from pydantic import SecretStr

from bot.jobs.ports import StoreUnavailable
from bot.jobs.supervision.learned_rate import LearnedRate, rate_name
from bot.segmind.rate import KeyRate
from bot.store import SqlStore
from tests.store.orders import HandClock

KEY = SecretStr("SG_0123456789abcdef")
NAME = rate_name(KEY)


async def test_processes_share_what_each_has_learned(sqlite_url: str) -> None:
    clock = HandClock()
    async with SqlStore(sqlite_url, start=0, clock=clock) as store:
        rates = [KeyRate(50), KeyRate(50)]
        shared = [LearnedRate(rate, NAME, store, clock) for rate in rates]
        rates[0].refused(clock.now(), accepted=30)
        for each in shared:
            await each.refresh()
        assert rates[1].per_minute(clock.now()) == 30
        clock.advance(100)
        rates[1].refused(clock.now(), accepted=20)
        await shared[1].refresh()
        await shared[0].refresh()
        assert rates[0].per_minute(clock.now()) == 20
        anew = KeyRate(50)
        await LearnedRate(anew, NAME, store, clock).refresh()
        assert anew.per_minute(clock.now()) == 20


async def test_another_key_starts_anew_and_the_name_does_not_reveal_the_key(sqlite_url: str) -> None:
    clock = HandClock()
    assert KEY.get_secret_value() not in NAME
    async with SqlStore(sqlite_url, start=0, clock=clock) as store:
        rate, other = KeyRate(50), KeyRate(50)
        rate.refused(clock.now(), accepted=30)
        await LearnedRate(rate, NAME, store, clock).refresh()
        await LearnedRate(other, rate_name(SecretStr("another")), store, clock).refresh()
        assert other.per_minute(clock.now()) == 50


@pytest.mark.parametrize("stored", ["{", "[]", '{"per_minute": null}'])
async def test_an_unreadable_rate_is_replaced(sqlite_url: str, stored: str) -> None:
    clock = HandClock()
    async with SqlStore(sqlite_url, start=0, clock=clock) as store:
        await store.write_value(NAME, stored)
        rate = KeyRate(50)
        await LearnedRate(rate, NAME, store, clock).refresh()
        assert rate.per_minute(clock.now()) == 50
        rate.refused(clock.now(), accepted=30)
        await LearnedRate(rate, NAME, store, clock).refresh()
        assert '"per_minute": 30' in (await store.read_value(NAME) or "")


class UnavailableValues:
    """Store whose database is away."""

    async def read_value(self, name: str) -> str | None:
        raise StoreUnavailable(name)

    async def write_value(self, name: str, text: str) -> None:
        raise StoreUnavailable(name + text)


async def test_an_unavailable_database_changes_nothing() -> None:
    rate, clock = KeyRate(50), HandClock()
    rate.refused(clock.now(), accepted=30)
    await LearnedRate(rate, NAME, UnavailableValues(), clock).refresh()
    assert rate.per_minute(clock.now()) == 30
