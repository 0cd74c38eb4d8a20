"""A server's monthly and the operator's daily spending end exactly at their caps."""

import asyncio
from dataclasses import replace

import pytest

from bot.jobs.job import Job, Place, State
from bot.ledger.budgets import CapReached, Caps, Scope, budgets_of, day_of, grants_of, month_of
from bot.ledger.ledger import AuditEntry
from bot.ledger.policy import MemberTerms
from bot.store import SqlStore
from tests.store.orders import LIFE, START, TERMS, HandClock, money, order, through

CREDITS = replace(TERMS, caps=Caps(server_credits=20))
DOLLARS = replace(TERMS, caps=Caps(operator_usd=0.2))


def of(guild_id: int | None, at: float, price: int = 5, *, member: int = 2) -> Job:
    job = order(f"{guild_id}:{member}", price, created_at=at)
    place: Place = replace(job.place, guild_id=guild_id)
    return replace(job, place=place)


async def spent(store: SqlStore, guild_id: int, at: float) -> list[int]:
    assert await store.discrepancies() == []
    return [await store.spent_in(budget) for budget in budgets_of(guild_id, at)]


@pytest.mark.parametrize(
    ("moment", "since", "until"),
    [
        (1_764_547_199.9, 1_761_955_200.0, 1_764_547_200.0),
        (1_764_547_200.0, 1_764_547_200.0, 1_767_225_600.0),
        (1_767_225_599.0, 1_764_547_200.0, 1_767_225_600.0),
        (1_709_164_800.0, 1_706_745_600.0, 1_709_251_200.0),
    ],
)
def test_a_month_is_the_calendars(moment: float, since: float, until: float) -> None:
    assert month_of(moment) == (since, until)


def test_a_day_is_utc() -> None:
    assert day_of(1_763_683_199.9) == (1_763_596_800.0, 1_763_683_200.0)


@pytest.mark.parametrize(("terms", "scope"), [(CREDITS, Scope.SERVER), (DOLLARS, Scope.OPERATOR)])
async def test_the_last_credit_of_a_cap_is_spent_and_no_more(
    store: SqlStore, clock: HandClock, terms: MemberTerms, scope: Scope
) -> None:
    for _ in range(3):
        await store.open(of(1, clock.time), terms)
    await store.open(of(1, clock.time, 4), terms)
    with pytest.raises(CapReached) as raised:
        await store.open(of(1, clock.time, 2), terms)
    assert raised.value.scope is scope
    assert raised.value.left == (1 if scope is Scope.SERVER else 10_000)
    assert await money(store, "1:2") == (START - 19, 19)
    await store.open(of(1, clock.time, 1), terms)
    assert await spent(store, 1, clock.time) == [20, 200_000]
    await store.open(of(1, clock.time, 0), terms)


@pytest.mark.parametrize(("terms", "scope"), [(CREDITS, Scope.SERVER), (DOLLARS, Scope.OPERATOR)])
async def test_a_cap_is_met_by_a_batch_as_a_whole_and_each_of_its_jobs_leaves_alone(
    store: SqlStore, clock: HandClock, terms: MemberTerms, scope: Scope
) -> None:
    jobs = [of(1, clock.time, 7) for _ in range(3)]
    with pytest.raises(CapReached) as raised:
        await store.open(jobs[0], terms, *jobs[1:])
    assert raised.value.scope is scope
    assert await spent(store, 1, clock.time) == [0, 0]
    await store.open(jobs[0], terms, jobs[1])
    assert await spent(store, 1, clock.time) == [14, 140_000]
    await through(store, jobs[1], State.CANCELLED)
    assert await spent(store, 1, clock.time) == [7, 70_000]


async def test_one_server_does_not_spend_anothers_month(store: SqlStore, clock: HandClock) -> None:
    await store.open(of(1, clock.time, 20), CREDITS)
    await store.open(of(2, clock.time, 20), CREDITS)
    await store.open(of(None, clock.time, 20), CREDITS)
    assert await spent(store, 2, clock.time) == [20, 600_000]


async def test_the_next_month_begins_anew(store: SqlStore, clock: HandClock) -> None:
    await store.open(of(1, clock.time, 20), CREDITS)
    clock.time = month_of(clock.time)[1]
    await store.open(of(1, clock.time, 20), CREDITS)
    assert await spent(store, 1, clock.time) == [20, 200_000]


async def test_a_job_without_a_result_is_not_counted(store: SqlStore, clock: HandClock) -> None:
    job = of(1, clock.time, 20)
    await store.open(job, CREDITS)
    clock.time = month_of(clock.time)[1]
    await through(store, job, State.CANCELLED)
    assert await spent(store, 1, job.created_at) == [0, 0]


async def test_the_operators_budget_counts_the_real_cost(store: SqlStore, clock: HandClock) -> None:
    job = of(1, clock.time, 5)
    await store.open(job, TERMS)
    assert await spent(store, 1, clock.time) == [5, 50_000]
    await through(store, job, *LIFE)
    assert await spent(store, 1, clock.time) == [5, 51_200]


async def test_racing_members_of_two_processes_share_one_month(postgres_url: str, clock: HandClock) -> None:
    async with (
        SqlStore(postgres_url, start=START, clock=HandClock(), batch=7) as one,
        SqlStore(postgres_url, start=START, clock=HandClock(), batch=5) as other,
    ):
        answers = await asyncio.gather(
            *(
                store.open(of(1, clock.time, 2, member=member), CREDITS)
                for member in range(60)
                for store in (one, other)
            ),
            return_exceptions=True,
        )
        assert answers.count(None) == 10
        assert sum(isinstance(answer, CapReached) for answer in answers) == 110
        assert await spent(other, 1, clock.time) == [20, 200_000]


async def test_an_order_of_a_members_own_account_counts_against_no_server(
    store: SqlStore, clock: HandClock
) -> None:
    """A member can order with their own account in any server, even one that the bot is not in."""
    job = replace(order("direct:2", 0, created_at=clock.time), expected=0.05)
    await store.open(job, replace(CREDITS, caps=Caps(server_credits=0)))
    assert job.place.guild_id == 1
    assert await spent(store, 1, clock.time) == [0, 50_000]
    await through(store, job, *LIFE)
    assert [row.guild_id for row in await store.spending(since=0, until=clock.time + 1)] == [None]
    assert await store.spending(since=0, until=clock.time + 1, guild_id=1) == []
    assert await store.discrepancies() == []


async def test_administrators_of_several_processes_share_what_they_give_away_in_a_month(
    postgres_url: str, clock: HandClock
) -> None:
    gift = AuditEntry("7", "grant", {}, 1)
    refused: set[tuple[Scope, int]] = set()

    async def give(store: SqlStore, account: str) -> int:
        try:
            await store.grant(account, 3, "", gift, monthly=10)
        except CapReached as error:
            refused.add((error.scope, error.left))
            return 0
        return 1

    async with (
        SqlStore(postgres_url, start=0, clock=clock) as here,
        SqlStore(postgres_url, start=0, clock=clock) as there,
    ):
        given = await asyncio.gather(
            *(give(store, f"1:{number}") for number in range(6) for store in (here, there))
        )
        assert sum(given) == 3
        assert refused == {(Scope.GRANTS, 1)}
        assert await here.spent_in(grants_of(1, clock.time)) == 9
        # The operator and the shop are not bounded, and neither is another server or the next month.
        await here.grant("1:2", 50, "", gift)
        await here.grant("2:2", 10, "", gift, monthly=10)
        clock.advance(31 * 86_400)
        await there.grant("1:2", 10, "", gift, monthly=10)
        assert await here.discrepancies() == []
