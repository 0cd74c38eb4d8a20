"""Data of one member: exported, deleted at their request and with age, while the ledger stays exact."""

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.jobs.job import Job, State
from bot.ledger.allowance import Allowance
from bot.ledger.ledger import FORGOTTEN, AuditEntry
from bot.media.fingerprints import Fingerprint
from bot.moderation.approvals import Verdict
from bot.moderation.cases import Complaint, Step
from bot.moderation.member_data import OpenOrders, Retention, RetentionPeriods
from bot.moderation.ports import MemberPreferences
from bot.store import SqlStore
from bot.store.tables import METADATA, audit_entries, entries, jobs
from tests.store.orders import LIFE, START, TERMS, HandClock, opened, order, through

MEMBER = 81384788765712384
OTHER = 81384788765712385
LEAVER = 71384788765712386
ACCOUNT = f"1:{MEMBER}"


async def job_of(store: SqlStore, member: int, state: State = State.DONE) -> Job:
    made = order(f"1:{member}", 5)
    job = replace(
        made,
        place=replace(made.place, user_id=member),
        body={**made.body, "prompt": f"a secret of {member}"},
    )
    await store.open(job, replace(TERMS, allowance=Allowance(6)))
    if state is State.DONE:
        job = await through(store, job, *LIFE)
    else:
        job = await through(store, job, State.SUBMITTING, State.SUBMITTED, state)
    await store.mark_told(job)
    await store.moderation.save_fingerprints(job.id, {"source_image": Fingerprint("a" * 64)})
    await store.moderation.keep_post(job.id, 3, int(job.id[:12], 16))
    return job


async def two_members(store: SqlStore) -> Job:
    """Two members who order, decide about each other, and report each other."""
    for member, other in ((MEMBER, OTHER), (OTHER, MEMBER)):
        await store.moderation.agree(member, "1")
        job = await job_of(store, member)
        await job_of(store, member, State.BLOCKED)
        audit_entry = AuditEntry(
            str(other), "grant", {"member": member, "amount": 5, "reason": f"for {member}"}, 1
        )
        await store.grant(f"1:{member}", 5, f"for {member}", audit_entry)
        await store.change_rules(
            1,
            lambda rules, member=member: rules.model_copy(
                update={"members": {**rules.members, member: 9}, "blocked": rules.blocked | {member}}
            ),
            AuditEntry(str(other), "daily", {"member": member, "amount": 9}, 1),
        )
        case, _ = await store.cases.open(
            job.id, 1, other, Complaint.CONSENT, f"it shows {other} and {member}", most=9
        )
        await store.cases.record_step(case.number, Step.REMOVE, member, f"asked {other}")
        await store.moderation.take_down(job.id, str(member))
    found = await store.find(job.id)
    assert found is not None
    return found


async def everything(raw: AsyncConnection) -> dict[str, list[dict[str, Any]]]:
    async def rows(table: sa.Table) -> list[dict[str, Any]]:
        return [dict(row) for row in (await raw.execute(sa.select(table))).mappings()]

    return {table.name: await rows(table) for table in METADATA.sorted_tables}


def tables_that_name(member: int, found: dict[str, list[dict[str, Any]]]) -> set[str]:
    return {table for table, rows in found.items() if str(member) in json.dumps(rows, default=str)}


async def test_a_forgotten_member_is_named_nowhere_and_the_ledger_stays_exact(
    store: SqlStore, raw: AsyncConnection, clock: HandClock
) -> None:
    await two_members(store)
    before = await everything(raw)
    assert {"accounts", "entries", "jobs", "deeds", "cases", "case_notes", "takedowns"} <= tables_that_name(
        MEMBER, before
    )
    await store.member_data.forget(MEMBER, strikes_since=0)
    after = await everything(raw)
    # These stay on purpose: the date of the request, the strikes, and what the server has set.
    assert tables_that_name(MEMBER, after) == {"people", "strikes", "servers"}
    assert (await store.rules(1)).members == {MEMBER: 9, OTHER: 9}
    assert (await store.rules(1)).blocked == {MEMBER, OTHER}
    assert await store.discrepancies() == []
    assert await store.moderation.preferences(MEMBER) == MemberPreferences(left_at=clock.now())
    assert len(await store.moderation.strikes(MEMBER, 0)) == 1


async def test_deleting_a_members_data_changes_no_sum_and_no_other_member(
    store: SqlStore, raw: AsyncConnection
) -> None:
    await two_members(store)
    total = sa.select(sa.func.count(), sa.func.sum(entries.c.amount))
    before = (await raw.execute(total)).one(), await store.balance(f"1:{OTHER}")
    history = await store.history(f"1:{OTHER}")
    await store.member_data.forget(MEMBER, strikes_since=0)
    assert ((await raw.execute(total)).one(), await store.balance(f"1:{OTHER}")) == before
    assert [(line.amount, line.kind, line.why) for line in await store.history(f"1:{OTHER}")] == [
        (line.amount, line.kind, line.why) for line in history
    ]
    assert {line.actor for line in await store.history(f"1:{OTHER}")} == {None, FORGOTTEN}
    named = (await raw.execute(sa.select(jobs.c.user_id))).scalars().all()
    assert sorted(named) == [0, 0, OTHER, OTHER]


async def test_a_forgotten_member_begins_anew(store: SqlStore) -> None:
    await two_members(store)
    assert (await store.member_data.holdings(MEMBER)).granted == (await store.balance(ACCOUNT)).granted
    await store.member_data.forget(MEMBER, strikes_since=0)
    await store.member_data.forget(MEMBER, strikes_since=0)
    assert (await store.member_data.holdings(MEMBER)).accounts == 0
    await job_of(store, MEMBER)
    assert await store.discrepancies() == []


async def test_starting_credits_are_given_once(store: SqlStore, clock: HandClock) -> None:
    await job_of(store, MEMBER)
    await store.member_data.forget(MEMBER, strikes_since=0)
    clock.advance(400 * 86_400)
    await Retention(store.member_data, store.server_data, clock, RetentionPeriods()).run_once()
    for account in (ACCOUNT, f"2:{MEMBER}"):
        assert (await store.balance(account)).granted == 0
        balance = await store.grant(account, 1, "", AuditEntry("7", "grant", {}, 1))
        assert balance.granted == 1
    assert (await store.balance(f"1:{OTHER}")).granted == START
    assert await store.discrepancies() == []


async def test_without_starting_credits_nobody_who_left_stays_on_record(
    url: str, clock: HandClock, raw: AsyncConnection
) -> None:
    async with SqlStore(url, start=0, clock=clock) as store:
        await store.moderation.agree(MEMBER, "1")
        await store.member_data.forget(MEMBER, strikes_since=0)
        clock.advance(8 * 86_400)
        await Retention(store.member_data, store.server_data, clock, RetentionPeriods()).run_once()
    assert tables_that_name(MEMBER, await everything(raw)) == set()


async def test_what_leads_from_a_job_to_its_member_goes_after_the_deletion(
    store: SqlStore, raw: AsyncConnection, clock: HandClock
) -> None:
    await two_members(store)
    await store.member_data.forget(MEMBER, strikes_since=0)
    retention = Retention(store.member_data, store.server_data, clock, RetentionPeriods(jobs=90))

    async def left_of(user_id: int) -> set[tuple[bool, bool, bool, bool]]:
        await retention.run_once()
        chosen = sa.select(jobs.c.request_id, jobs.c.nonce, jobs.c.channel_id, jobs.c.message_id)
        rows = (await raw.execute(chosen.where(jobs.c.user_id == user_id))).all()
        await raw.commit()
        return {(bool(row[0]), bool(row[1]), bool(row[2]), bool(row[3])) for row in rows}

    # Within a day, a lost request is still searched for.
    assert await left_of(0) == {(True, True, True, True)}
    clock.advance(2 * 86_400)
    assert await left_of(0) == {(False, False, True, True)}
    assert await left_of(OTHER) == {(True, True, True, True)}
    clock.advance(89 * 86_400)
    assert await left_of(0) == {(False, False, False, False)}
    assert await left_of(OTHER) == {(False, False, True, True)}
    assert await store.never_found(0) == []


async def test_a_member_with_open_orders_cannot_be_forgotten(store: SqlStore, raw: AsyncConnection) -> None:
    await opened(store, "1:2")
    before = await everything(raw)
    with pytest.raises(OpenOrders):
        await store.member_data.forget(2, strikes_since=0)
    assert await everything(raw) == before


async def test_an_export_contains_no_tokens_and_no_other_members(store: SqlStore) -> None:
    await two_members(store)
    about = await store.member_data.export(MEMBER)
    text = json.dumps(about)
    assert f"a secret of {MEMBER}" in text
    assert "a-token" not in text
    # Members may have written of others.
    words = {"entries", "decisions", "report_details"}
    others = {name: each for name, each in about.items() if name not in words}
    assert str(OTHER) not in json.dumps(others)
    assert {name: len(each) for name, each in about.items() if name != "user_id"} == {
        "consent": 1,
        "accounts": 1,
        "entries": 7,
        "jobs": 2,
        "fingerprints": 2,
        "messages": 2,
        "approvals": 0,
        "avatar_consents": 0,
        "avatar_uses": 0,
        "strikes": 0,
        "reports": 1,
        # A report, and a note as a moderator.
        "report_details": 2,
        "decisions": 4,
        "servers": 1,
    }
    assert about["servers"] == [{"guild_id": 1, "daily": 9, "blocked": True}]


async def test_an_export_has_only_results_that_the_member_may_see(store: SqlStore) -> None:
    delivered, removed = await job_of(store, MEMBER), await job_of(store, MEMBER)
    made = order(ACCOUNT, 0)
    running = replace(made, place=replace(made.place, user_id=MEMBER))
    await store.open(running, TERMS)
    await through(store, running, *LIFE[:3])
    await store.moderation.take_down(removed.id, str(OTHER))
    expected = {delivered.id: delivered.output, removed.id: None, running.id: None}
    for verdict in (Verdict.WAITING, Verdict.APPROVED, Verdict.REJECTED, Verdict.LAPSED):
        job = await job_of(store, MEMBER)
        await store.approvals.ask(job.id, 1, lapses_at=0)
        if verdict is not Verdict.WAITING:
            ruling = await store.approvals.decide(job.id, verdict, OTHER, None)
            assert ruling.job is not None
            await store.mark_told(ruling.job)
        expected[job.id] = job.output if verdict is Verdict.APPROVED else None
    about = await store.member_data.export(MEMBER)
    assert {job["id"]: job["output"] for job in about["jobs"]} == expected


async def test_an_export_has_nothing_about_members_whose_ids_begin_alike(store: SqlStore) -> None:
    alike = MEMBER * 10 + 1
    for facts in ({"member": alike, "amount": 5}, {"amount": 5, "member": alike}):
        await store.grant(f"1:{alike}", 5, "", AuditEntry("7", "grant", facts, 1))
    for facts in ({"member": MEMBER, "amount": 5}, {"amount": 5, "member": MEMBER}):
        await store.grant(ACCOUNT, 5, "", AuditEntry("7", "grant", facts, 1))
    await store.change_rules(
        1,
        lambda rules: rules.model_copy(update={"blocked": frozenset({alike})}),
        AuditEntry("7", "block", {"member": alike}, 1),
    )
    about = await store.member_data.export(MEMBER)
    assert [entry["facts"]["member"] for entry in about["decisions"]] == [MEMBER, MEMBER]
    assert about["servers"] == []


async def test_old_data_is_deleted_in_small_batches(
    store: SqlStore, raw: AsyncConnection, clock: HandClock
) -> None:
    await two_members(store)
    left = await job_of(store, LEAVER)
    await store.moderation.keep_log_entry(left.id, 5, 8)
    await store.member_data.forget(LEAVER, strikes_since=0)
    young = await opened(store, f"1:{OTHER}", 0)
    retention = Retention(
        store.member_data, store.server_data, clock, RetentionPeriods(jobs=90, audit_entries=730), most=3
    )
    clock.advance(89 * 86_400)
    await retention.run_once()
    found = await everything(raw)
    assert found["prints"] != []
    assert sum(row["job_id"] == left.id for row in found["posts"]) == 2
    clock.advance(2 * 86_400)
    await retention.run_once()
    found = await everything(raw)
    stripped = [each for each in found["jobs"] if each["id"] != young.id]
    assert {(json.dumps(each["body"]), each["token"], each["output"]) for each in stripped} == {
        ("{}", "", None)
    }
    assert {each["user_id"] for each in stripped} == {MEMBER, OTHER, 0}
    assert (found["prints"], found["cases"]) == ([], [])
    # A result can be removed with its copies for as long as the member keeps their data.
    assert {row["job_id"] for row in found["posts"]} == {each["id"] for each in stripped if each["user_id"]}
    assert (await store.find(young.id)) == young
    assert len(tables_that_name(MEMBER, {"deeds": found["deeds"]})) == 1
    clock.advance(640 * 86_400)
    await retention.run_once()
    found = await everything(raw)
    assert tables_that_name(MEMBER, {"deeds": found["deeds"]}) == set()
    assert len(found["deeds"]) == 4
    assert await store.discrepancies() == []


async def test_only_the_people_of_an_audit_entry_can_be_removed(
    store: SqlStore, raw: AsyncConnection
) -> None:
    await two_members(store)
    for change in ({"deed": "x"}, {"actor": "7"}, {"facts": {"member": 1, "amount": 10**30}}, {"at": 0.0}):
        with pytest.raises(DBAPIError, match="append-only"):
            await raw.execute(audit_entries.update().values(change))


async def test_forgetting_a_member_does_not_interleave_with_orders_of_another_process(
    postgres_url: str, clock: HandClock
) -> None:
    async with (
        SqlStore(postgres_url, start=START, clock=clock) as here,
        SqlStore(postgres_url, start=START, clock=clock) as there,
    ):

        async def ordering() -> None:
            for _ in range(15):
                job = await through(there, await opened(there, price=0), State.CANCELLED)
                await there.mark_told(job)

        async def forgetting() -> int:
            forgotten = 0
            while not orders.done():
                with suppress(OpenOrders):
                    await here.member_data.forget(2, strikes_since=0)
                    forgotten += 1
            return forgotten

        orders = asyncio.create_task(ordering())
        assert await forgetting() > 0
        await orders
        await here.member_data.forget(2, strikes_since=0)
        assert await here.discrepancies() == []
        assert (await here.member_data.holdings(2)).accounts == 0
