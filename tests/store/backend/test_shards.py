"""Processes that share a database also share Discord's shards."""

import asyncio

import pytest

from bot.settings.shards import ShardPlan
from bot.store import SqlStore
from tests.store.leases import let_leases_run_out
from tests.store.orders import START, HandClock, adopted_by

LEASE = 30.0


async def test_a_single_process_claims_as_many_shards_as_it_wants(store: SqlStore) -> None:
    assert await store.claim_shards(4, 4) == [0, 1, 2, 3]
    assert await store.held_shards(4) == {0, 1, 2, 3}
    assert await store.workers() == 1


async def test_two_processes_share_the_shards_and_a_third_waits_until_one_ends(postgres_url: str) -> None:
    clock = HandClock()
    stores = [SqlStore(postgres_url, start=START, clock=clock, lease=LEASE) for _ in range(3)]
    async with stores[0] as one, stores[2] as third:
        async with stores[1] as other:
            taken = await asyncio.gather(*(store.claim_shards(2, 4) for store in (one, other)))
            assert sorted(number for shards in taken for number in shards) == [0, 1, 2, 3]
            assert await third.claim_shards(2, 4) == ()
            # The third stands by, so it gets no share of the key's rate.
            await asyncio.gather(adopted_by(one), adopted_by(other))
            assert await third.workers() == 2
        # The process that ended gave up its lease, so the third one need not wait for it to run out.
        assert list(await third.claim_shards(2, 4)) == list(taken[1])
        assert await one.held_shards(4) == set(taken[0])


async def test_a_paused_process_loses_its_shards_and_notices_it(postgres_url: str) -> None:
    async with (
        SqlStore(postgres_url, start=START, clock=HandClock(), lease=LEASE) as paused,
        SqlStore(postgres_url, start=START, clock=HandClock(), lease=LEASE) as successor,
    ):
        assert await paused.claim_shards(3, 3) == [0, 1, 2]
        assert await successor.claim_shards(3, 3) == ()
        await let_leases_run_out(postgres_url)
        assert await successor.claim_shards(3, 3) == [0, 1, 2]
        assert await paused.held_shards(3) == set()


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        ("0-3/8", ShardPlan(4, 8, (0, 1, 2, 3))),
        (" 7/8 ", ShardPlan(1, 8, (7,))),
        ("0-0/1", ShardPlan(1, 1, (0,))),
        ("Any 4/8", ShardPlan(4, 8)),
    ],
)
def test_a_shard_plan_is_parsed(text: str, plan: ShardPlan) -> None:
    assert ShardPlan.read(text) == plan


@pytest.mark.parametrize(
    "text", ["", "8/8", "3-2/8", "0-8/8", "any 0/8", "any 9/8", "0-3", "0-1/2048", "-1/8"]
)
def test_a_shard_plan_with_impossible_shards_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="shards"):
        ShardPlan.read(text)
