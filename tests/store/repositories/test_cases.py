"""Cases: who is told and when, what is written about them, and what a deletion takes along."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.moderation.cases import RETRY_SECONDS, Audience, Complaint, Step
from bot.store import SqlStore
from bot.store.tables import case_cards, case_notes
from tests.store.orders import HandClock

LONG_AGO = -1.0
WITNESS, OTHER, MODERATOR = 7, 8, 9


async def opened(store: SqlStore, job_id: str = "a-job", by: int = WITNESS, details: str = "") -> int:
    case, _ = await store.cases.open(job_id, 1, by, Complaint.CONSENT, details, most=9)
    return case.number


async def due(store: SqlStore, opened_before: float = LONG_AGO) -> list[int]:
    return [case.number for case in await store.cases.due(opened_before)]


async def test_each_member_adds_one_report_to_the_open_case_of_a_job(store: SqlStore) -> None:
    number = await opened(store, details="first")
    assert await opened(store, by=OTHER, details="second") == number
    assert await opened(store, by=OTHER, details="again") == number
    case = await store.cases.add_note(number, MODERATOR, "asked them")
    written = [(note.author, note.words, note.complaint) for note in case.notes]
    assert written == [
        (WITNESS, "first", Complaint.CONSENT),
        (OTHER, "second", Complaint.CONSENT),
        (MODERATOR, "asked them", None),
    ]
    closed = await store.cases.record_step(number, Step.DISMISS, MODERATOR, "a friend")
    assert [note.words for note in closed.notes][-1] == "a friend"
    assert await opened(store) != number


async def test_a_step_that_was_taken_before_adds_no_second_note(store: SqlStore) -> None:
    number = await opened(store)
    for note in ("one", "two"):
        case = await store.cases.record_step(number, Step.NEVER, MODERATOR, note)
    assert [note.words for note in case.notes] == ["", "one"]


async def test_a_case_that_nobody_was_told_of_is_due_after_a_while_and_again(
    store: SqlStore, clock: HandClock
) -> None:
    number = await opened(store)
    assert await due(store) == []
    clock.advance(RETRY_SECONDS)
    assert await due(store) == [number]
    assert await store.cases.begin_escalation(number)
    # The first attempt may still be under way.
    assert not await store.cases.begin_escalation(number)
    assert await due(store) == []
    clock.advance(RETRY_SECONDS)
    assert await due(store) == [number]
    assert await store.cases.begin_escalation(number)
    await store.cases.finish_escalation(number, Audience.OWNER, [(3, 4)])
    clock.advance(10 * RETRY_SECONDS)
    assert await due(store, clock.now()) == []
    assert not await store.cases.begin_escalation(number)
    case = await store.cases.find(number)
    assert case is not None
    assert (case.told_to, case.private_cards) == (Audience.OWNER, [(3, 4)])


async def test_a_case_in_the_log_is_escalated_once_it_is_overdue(store: SqlStore, clock: HandClock) -> None:
    number, opened_at = await opened(store), clock.now()
    await store.cases.record_card(number, 3, 4)
    clock.advance(10 * RETRY_SECONDS)
    assert await due(store, opened_at - 1) == []
    assert await due(store, opened_at) == [number]
    assert await store.cases.begin_escalation(number)
    await store.cases.finish_escalation(number, Audience.OPERATORS, [(5, 6), (7, 8)])
    assert await due(store, opened_at) == []
    case = await store.cases.find(number)
    assert case is not None
    assert (case.card, case.told_to) == ((3, 4), Audience.OPERATORS)
    assert len(case.private_cards) == 2


async def test_what_belongs_to_a_case_is_deleted_with_it(
    store: SqlStore, raw: AsyncConnection, clock: HandClock
) -> None:
    number = await opened(store)
    assert await store.cases.begin_escalation(number)
    await store.cases.finish_escalation(number, Audience.OPERATORS, [(5, 6)])
    await store.cases.record_step(number, Step.DISMISS, MODERATOR)
    clock.advance(1)
    await store.member_data.delete_old_records(fingerprints_before=clock.now(), strikes_before=0)
    assert await store.cases.find(number) is None
    for table in (case_notes, case_cards):
        assert (await raw.execute(sa.select(sa.func.count()).select_from(table))).scalar_one() == 0
