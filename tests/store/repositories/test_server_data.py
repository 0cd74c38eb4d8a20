"""Data of one server: forgotten at once, or some time after the bot was removed."""

import json

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ledger.ledger import AuditEntry
from bot.ledger.server_rules import ServerRules
from bot.media.fingerprints import Fingerprint
from bot.moderation.cases import Complaint, Step
from bot.moderation.member_data import Retention, RetentionPeriods
from bot.store import SqlStore
from bot.store.tables import METADATA
from tests.store.orders import HandClock

ADMIN, MEMBER = 81384788765712391, 81384788765712392
HERE, THERE = 81384788765712401, 81384788765712402
DAY = 86_400


async def decide(store: SqlStore, guild_id: int) -> None:
    """Decisions of every kind that a server's administrators and moderators make."""
    entry = AuditEntry(str(ADMIN), "block", {"member": MEMBER, "reason": "rude"}, guild_id)
    rules = {"log_channel": 5, "blocked": frozenset({MEMBER}), "members": {MEMBER: 3}}
    await store.change_rules(guild_id, lambda old: old.model_copy(update=rules), entry)
    await store.moderation.ban_fingerprints([Fingerprint("a" * 64)], guild_id, "a-job")
    for step in (Step.DISMISS, Step.NEVER):
        case, _ = await store.cases.open(f"{step}-{guild_id}", guild_id, MEMBER, Complaint.OTHER, most=9)
        await store.cases.record_step(case.number, step, ADMIN)
    await store.grant(f"{guild_id}:{MEMBER}", 5, "", AuditEntry(str(ADMIN), "grant", {}, guild_id))


async def naming(raw: AsyncConnection, guild_id: int) -> set[str]:
    """The tables that name the server."""
    found: set[str] = set()
    for table in METADATA.sorted_tables:
        rows = (await raw.execute(sa.select(table))).all()
        if str(guild_id) in json.dumps([list(map(str, row)) for row in rows]):
            found.add(table.name)
    await raw.commit()
    return found


async def test_a_forgotten_server_keeps_only_what_belongs_to_its_members(
    store: SqlStore, raw: AsyncConnection
) -> None:
    for guild_id in (HERE, THERE):
        await decide(store, guild_id)
    before = await naming(raw, HERE)
    await store.server_data.forget(HERE)
    assert await store.rules(HERE) == ServerRules()
    # An open case waits for somebody, and the books keep their sums.
    assert before - await naming(raw, HERE) == {"servers", "listed"}
    assert [len(await store.cases.open_in(guild_id)) for guild_id in (HERE, THERE)] == [1, 1]
    assert {entry.actor for entry in await store.audit_entries(HERE)} == {"forgotten"}
    assert all("reason" not in entry.facts for entry in await store.audit_entries(HERE))
    assert {entry.actor for entry in await store.audit_entries(THERE)} == {str(ADMIN)}
    assert (await store.rules(THERE)).blocked == {MEMBER}
    assert {"servers", "listed"} <= await naming(raw, THERE)
    assert await store.discrepancies() == []


async def test_a_server_that_removed_the_bot_is_forgotten_after_a_while(
    store: SqlStore, clock: HandClock
) -> None:
    retention = Retention(
        store.member_data, store.server_data, clock, RetentionPeriods(left_servers=30), most=10
    )

    async def is_known(guild_id: int) -> bool:
        await retention.run_once()
        return await store.rules(guild_id) != ServerRules()

    for guild_id in (HERE, THERE):
        await decide(store, guild_id)
    # Another process serves the other server, and says nothing about this one.
    await store.server_data.mark_present([], is_here=lambda guild_id: guild_id == HERE)
    clock.advance(20 * DAY)
    await store.server_data.mark_present([], is_here=lambda guild_id: guild_id == HERE)
    assert await is_known(HERE)
    clock.advance(11 * DAY)
    assert not await is_known(HERE)
    assert await is_known(THERE)


async def test_a_server_that_invites_the_bot_again_keeps_its_settings(
    store: SqlStore, clock: HandClock
) -> None:
    await decide(store, HERE)
    await store.server_data.mark_present([], is_here=lambda _: True)
    clock.advance(20 * DAY)
    await store.server_data.mark_present([HERE], is_here=lambda _: True)
    clock.advance(20 * DAY)
    await Retention(store.member_data, store.server_data, clock, RetentionPeriods()).run_once()
    assert (await store.rules(HERE)).log_channel == 5
