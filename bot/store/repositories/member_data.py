"""Everything stored about one member: exported, deleted at their request, and deleted with age."""

import secrets
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from bot.clock import Clock
from bot.jobs.job import State
from bot.ledger.allowance import DAY
from bot.ledger.ledger import FORGOTTEN
from bot.ledger.server_rules import ServerRules
from bot.moderation.approvals import Verdict
from bot.moderation.member_data import Holdings, OpenOrders
from bot.store.connection import Connection, Transaction
from bot.store.dialects import insert_into
from bot.store.tables import (
    OPEN,
    accounts,
    approvals,
    audit_entries,
    avatar_consents,
    case_notes,
    cases,
    entries,
    fingerprints,
    jobs,
    people,
    posts,
    servers,
    strikes,
    takedown_requests,
    takedowns,
)

# Tokens and the ownership of jobs are not personal data, and an avatar is somebody else's.
_INTERNAL = frozenset({"token", "token_until", "owner", "epoch", "application_id", "nonce", "avatar_of"})
# Replaces the inputs of a job and the address of its result.
_STRIPPED: Mapping[str, Any] = {"body": {}, "token": "", "locale": "", "output": None, "detail": None}
# Replaces what leads from a job to its request at Segmind, once nobody looks for the request any more.
_UNLINKED: Mapping[str, Any] = {"nonce": "", "request_id": None}
# A report without the names of the moderators who handled it.
_REPORT = (cases.c.id, cases.c.job_id, cases.c.guild_id, cases.c.opened_at, cases.c.closed_at)
# What the member wrote in a report.
_COMPLAINT = (case_notes.c.case_id, case_notes.c.at, case_notes.c.complaint, case_notes.c.words)
# An approval without the name of the moderator who decided.
_APPROVAL = (approvals.c.job_id, approvals.c.asked_at, approvals.c.verdict, approvals.c.decided_at)
# A use of the member's avatar, without the order of the other member.
_AVATAR_USE = (jobs.c.id, jobs.c.guild_id, jobs.c.channel_id, jobs.c.message_id, jobs.c.created_at)
# Facts of an audit entry that identify a person, or a purchase that Discord knows the buyer of.
_PERSONAL = ("member", "reason", "entitlement")


class SqlMemberData:
    """Data of members in the database; each method is one transaction."""

    def __init__(self, transaction: Transaction, clock: Clock, *, keeps_leavers: bool) -> None:
        """`keeps_leavers` keeps on record who deleted their data, for as long as new accounts get credits."""
        self._transaction = transaction
        self._clock = clock
        self._keeps_leavers = keeps_leavers

    async def export(self, user_id: int) -> Mapping[str, Any]:
        mine = jobs.c.user_id == user_id
        of_mine = sa.select(jobs.c.id).where(mine)
        async with self._transaction() as connection:

            async def rows(chosen: sa.Select[*tuple[Any, ...]]) -> list[dict[str, Any]]:
                return [dict(row) for row in (await connection.execute(chosen)).mappings()]

            own_entries = entries.c.account.in_(sa.select(accounts.c.id).where(_owned_by(user_id)))
            shown = [column for column in jobs.c if column.name not in {*_INTERNAL, "output"}]
            output = sa.case((_shown_to_member(), jobs.c.output), else_=sa.null()).label("output")
            return {
                "user_id": user_id,
                "consent": await rows(sa.select(people).where(people.c.user_id == user_id)),
                "accounts": await rows(sa.select(accounts).where(_owned_by(user_id))),
                "entries": await rows(sa.select(entries).where(own_entries).order_by(entries.c.id)),
                "jobs": await rows(sa.select(*shown, output).where(mine).order_by(jobs.c.created_at)),
                "fingerprints": await rows(sa.select(fingerprints).where(fingerprints.c.job_id.in_(of_mine))),
                "messages": await rows(sa.select(posts).where(posts.c.job_id.in_(of_mine))),
                "approvals": await rows(sa.select(*_APPROVAL).where(approvals.c.job_id.in_(of_mine))),
                "avatar_consents": await rows(
                    sa.select(avatar_consents).where(avatar_consents.c.user_id == user_id)
                ),
                "avatar_uses": await rows(sa.select(*_AVATAR_USE).where(jobs.c.avatar_of == user_id)),
                "strikes": await rows(sa.select(strikes).where(strikes.c.user_id == user_id)),
                "reports": await rows(sa.select(*_REPORT).where(cases.c.reporter == user_id)),
                "report_details": await rows(
                    sa.select(*_COMPLAINT).where(case_notes.c.author == user_id).order_by(case_notes.c.id)
                ),
                "decisions": [
                    _without_actor(user_id, row) for row in await rows(_audit_entries_with(user_id))
                ],
                "servers": [
                    about
                    for row in await rows(_servers_with(user_id))
                    if (about := _rules_about(user_id, row))
                ],
            }

    async def holdings(self, user_id: int) -> Holdings:
        chosen = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(accounts.c.granted), 0))
        async with self._transaction() as connection:
            count, granted = (await connection.execute(chosen.where(_owned_by(user_id)))).one()
        return Holdings(count, int(granted))

    async def forget(self, user_id: int, *, strikes_since: float) -> None:
        mine = jobs.c.user_id == user_id
        await self._forget_avatar(user_id)
        async with self._transaction() as connection:
            # The writer locks jobs before accounts, too, so that no two transactions wait for each other.
            await connection.execute(sa.select(jobs.c.id).where(mine).order_by(jobs.c.id).with_for_update())
            locking = sa.select(accounts).where(_owned_by(user_id)).order_by(accounts.c.id).with_for_update()
            owned = [dict(row) for row in (await connection.execute(locking)).mappings()]
            # Checked only now, because an order that came first held the lock on the account until now.
            still_open = sa.select(jobs.c.id).where(mine, OPEN).limit(1)
            if (await connection.execute(still_open)).one_or_none() is not None:
                raise OpenOrders
            await self._keep_strikes(connection, user_id, strikes_since)
            await _strip_jobs_of(connection, mine)
            for account in owned:
                await _anonymize(connection, account)
            await _anonymize_records(connection, user_id)
            await connection.execute(strikes.delete().where(strikes.c.at < strikes_since))
            gone = {"agreed_to": None, "agreed_at": None, "confirms": False, "left_at": self._clock.now()}
            row = insert_into(connection, people).values(user_id=user_id, **gone)
            await connection.execute(row.on_conflict_do_update(index_elements=[people.c.user_id], set_=gone))

    async def _forget_avatar(self, user_id: int) -> None:
        """Remove the member from the jobs of others, before the caller locks the member's accounts."""
        used, open_ = jobs.c.avatar_of == user_id, sa.and_(jobs.c.user_id == user_id, OPEN)
        async with self._transaction() as connection:
            if (await connection.execute(sa.select(jobs.c.id).where(open_).limit(1))).first() is not None:
                raise OpenOrders
            await connection.execute(avatar_consents.delete().where(avatar_consents.c.user_id == user_id))
            await connection.execute(sa.select(jobs.c.id).where(used).order_by(jobs.c.id).with_for_update())
            # A job that is under way finds no consent of member 0, so its result is not shown.
            await connection.execute(jobs.update().where(used).values(avatar_of=0))

    async def strip_jobs(self, before: float, *, most: int) -> int:
        left = jobs.c.user_id == 0
        is_old = jobs.c.created_at < before
        # A day after its end, no request is searched for in Segmind's history.
        linked = sa.and_(jobs.c.nonce != "", is_old | (left & (jobs.c.settled_at < self._clock.now() - DAY)))
        # The message of a result can be taken down for as long as that of any other member.
        placed = sa.and_(left, is_old, jobs.c.message_id != 0)
        old = sa.select(jobs.c.id).where(jobs.c.told, linked | placed).order_by(jobs.c.created_at).limit(most)
        places = {
            column.name: sa.case((left & is_old, 0), else_=column)
            for column in (jobs.c.channel_id, jobs.c.message_id)
        }
        places["avatar_of"] = sa.case((is_old, sa.null()), else_=jobs.c.avatar_of)
        async with self._transaction() as connection:
            stripped = await connection.execute(
                jobs.update()
                .where(jobs.c.id.in_(old))
                .values({**_STRIPPED, **_UNLINKED, **places})
                .returning(jobs.c.id)
            )
            return len(stripped.all())

    async def strip_audit_entries(self, before: float, *, most: int) -> int:
        old = sa.select(audit_entries).where(audit_entries.c.at < before, audit_entries.c.actor != FORGOTTEN)
        async with self._transaction() as connection:
            return await anonymize_audit_entries(connection, old.order_by(audit_entries.c.id).limit(most))

    async def delete_old_records(self, *, fingerprints_before: float, strikes_before: float) -> None:
        reported = sa.select(cases.c.job_id).where(cases.c.closed_at.is_(None))
        async with self._transaction() as connection:
            old = sa.and_(fingerprints.c.at < fingerprints_before, fingerprints.c.job_id.not_in(reported))
            await connection.execute(fingerprints.delete().where(old))
            # Other posts stay, like the message of their job, so that the result can still be removed.
            left_behind = sa.select(jobs.c.id).where(jobs.c.user_id == 0, jobs.c.id.not_in(reported))
            old = sa.and_(posts.c.at < fingerprints_before, posts.c.job_id.in_(left_behind))
            await connection.execute(posts.delete().where(old))
            await connection.execute(cases.delete().where(cases.c.closed_at < fingerprints_before))
            await connection.execute(approvals.delete().where(approvals.c.decided_at < fingerprints_before))
            granted = takedown_requests.c.decided_at < fingerprints_before
            await connection.execute(
                takedown_requests.delete().where(granted, takedown_requests.c.sweep_at.is_(None))
            )
            await connection.execute(strikes.delete().where(strikes.c.at < strikes_before))
            left = sa.and_(people.c.left_at < strikes_before, people.c.agreed_to.is_(None))
            if not self._keeps_leavers:
                await connection.execute(people.delete().where(left, people.c.opted_out_at.is_(None)))

    async def _keep_strikes(self, connection: Connection, user_id: int, since: float) -> None:
        blocked = sa.select(jobs.c.user_id, jobs.c.settled_at).where(
            jobs.c.user_id == user_id, jobs.c.state == State.BLOCKED, jobs.c.settled_at >= since
        )
        await connection.execute(strikes.insert().from_select(["user_id", "at"], blocked))


def _owned_by(user_id: int) -> sa.ColumnElement[bool]:
    return accounts.c.id.endswith(f":{user_id}")


def _shown_to_member() -> sa.ColumnElement[bool]:
    """Condition for jobs whose result is shown: delivered, and neither removed nor refused by a moderator."""
    removed = sa.select(takedowns.c.job_id)
    refused = sa.select(approvals.c.job_id).where(approvals.c.verdict != Verdict.APPROVED)
    return sa.and_(
        jobs.c.told, jobs.c.state == State.DONE, jobs.c.id.not_in(removed), jobs.c.id.not_in(refused)
    )


def _audit_entries_with(user_id: int) -> sa.Select[Any]:
    # The database sees facts as text. Without the character behind it, a number would match longer ones.
    facts = sa.cast(audit_entries.c.facts, sa.Text)
    about = sa.or_(*(facts.like(f'%"member":{user_id}{end}%') for end in ",}"))
    return (
        sa.select(audit_entries)
        .where((audit_entries.c.actor == str(user_id)) | about)
        .order_by(audit_entries.c.id)
    )


def _servers_with(user_id: int) -> sa.Select[Any]:
    # This also finds longer numbers that contain this one.
    return sa.select(servers).where(sa.cast(servers.c.rules, sa.Text).like(f"%{user_id}%"))


def _without_actor(user_id: int, audit_entry: Mapping[str, Any]) -> dict[str, Any]:
    """Audit entry without its actor, unless the member is the actor: only administrators see who decided."""
    return {name: fact for name, fact in audit_entry.items() if name != "actor" or fact == str(user_id)}


def _rules_about(user_id: int, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The rules of a server about this member, without those about other members; None if it has none."""
    rules = ServerRules.model_validate(row["rules"])
    if user_id not in rules.members and user_id not in rules.blocked:
        return None
    return {
        "guild_id": row["id"],
        "daily": rules.members.get(user_id),
        "blocked": user_id in rules.blocked,
    }


async def _strip_jobs_of(connection: Connection, mine: sa.ColumnElement[bool]) -> None:
    """Delete the personal data of a member's jobs, but keep their posts so that they can be taken down."""
    reported = sa.select(cases.c.job_id).where(cases.c.closed_at.is_(None))
    of_mine = sa.select(jobs.c.id).where(mine)
    unreported = sa.and_(fingerprints.c.job_id.in_(of_mine), fingerprints.c.job_id.not_in(reported))
    await connection.execute(fingerprints.delete().where(unreported))
    # A withdrawn result is shown to nobody any more; a periodic task deletes its card in the mod log.
    waiting = sa.and_(approvals.c.job_id.in_(of_mine), approvals.c.verdict == Verdict.WAITING)
    await connection.execute(approvals.update().where(waiting).values(verdict=Verdict.WITHDRAWN))
    await _clear_notes(connection, cases.c.job_id.in_(of_mine))
    await connection.execute(jobs.update().where(mine).values({**_STRIPPED, "user_id": 0}))


async def _clear_notes(connection: Connection, chosen: sa.ColumnElement[bool]) -> None:
    """Delete what was written about closed cases; the words of an open one are needed to decide it."""
    closed = sa.select(cases.c.id).where(chosen, cases.c.closed_at.is_not(None))
    of_closed = case_notes.update().where(case_notes.c.case_id.in_(closed))
    await connection.execute(of_closed.values(words=""))


async def _anonymize(connection: Connection, account: dict[str, Any]) -> None:
    """Give an account a random name, but keep its server, in whose budget it counts."""
    old = account["id"]
    new = f"{old.partition(':')[0]}:{FORGOTTEN}-{secrets.token_hex(8)}"
    await connection.execute(accounts.insert(), [{**account, "id": new}])
    await connection.execute(jobs.update().where(jobs.c.account == old).values(account=new))
    await connection.execute(entries.update().where(entries.c.account == old).values(account=new, why=None))
    await connection.execute(accounts.delete().where(accounts.c.id == old))


async def _anonymize_records(connection: Connection, user_id: int) -> None:
    """Remove the member from decisions and reports, their own and those about them."""
    actor = str(user_id)
    await connection.execute(entries.update().where(entries.c.actor == actor).values(actor=FORGOTTEN))
    await connection.execute(takedowns.update().where(takedowns.c.actor == actor).values(actor=FORGOTTEN))
    await _clear_notes(connection, cases.c.reporter == user_id)
    await connection.execute(cases.update().where(cases.c.reporter == user_id).values(reporter=0))
    await connection.execute(cases.update().where(cases.c.closed_by == user_id).values(closed_by=0))
    written = case_notes.update().where(case_notes.c.author == user_id)
    await connection.execute(written.values(author=0, words=""))
    by_me = approvals.update().where(approvals.c.decided_by == user_id)
    await connection.execute(by_me.values(decided_by=0))
    for audit_entry in (await connection.execute(_audit_entries_with(user_id))).mappings().all():
        facts: Mapping[str, Any] = audit_entry["facts"]
        about = facts.get("member") == user_id
        await _update_audit_entry(
            connection,
            audit_entry,
            actor=FORGOTTEN if audit_entry["actor"] == actor else audit_entry["actor"],
            facts=_without_people(facts) if about else facts,
        )


async def anonymize_audit_entries(connection: Connection, chosen: sa.Select[Any]) -> int:
    """Remove the people from audit entries; return the number of entries."""
    found = (await connection.execute(chosen)).mappings().all()
    for audit_entry in found:
        facts = _without_people(audit_entry["facts"])
        await _update_audit_entry(connection, audit_entry, actor=FORGOTTEN, facts=facts)
    return len(found)


async def _update_audit_entry(
    connection: Connection, audit_entry: sa.RowMapping, *, actor: str, facts: Mapping[str, Any]
) -> None:
    if (actor, facts) != (audit_entry["actor"], audit_entry["facts"]):
        changed = audit_entries.update().where(audit_entries.c.id == audit_entry["id"])
        await connection.execute(changed.values(actor=actor, facts=facts))


def _without_people(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Facts with member 0, so that an entry still shows that it concerned a member."""
    kept = {name: fact for name, fact in facts.items() if name not in _PERSONAL}
    return kept | ({"member": 0} if "member" in facts else {})
