"""Tables of moderation: consent, strikes, fingerprints, takedowns, cases and approvals."""

import sqlalchemy as sa

from bot.moderation.approvals import Verdict
from bot.moderation.takedowns import TakedownOutcome
from bot.store.tables.columns import (
    BOOLEAN,
    INTEGER,
    METADATA,
    REAL,
    CleanText,
    one_of,
    partial_index,
)

UNDECIDED = sa.text("verdict IN ('waiting', 'withdrawn')")
"""Condition for approvals without a decision, worded as in their index."""


def _of_case(name: str) -> sa.ForeignKey:
    return sa.ForeignKey("cases.id", name=name, ondelete="CASCADE")


people = sa.Table(
    "people",
    METADATA,
    sa.Column("user_id", INTEGER, primary_key=True, autoincrement=False),
    sa.Column("agreed_to", sa.Text),
    sa.Column("agreed_at", REAL),
    sa.Column("opted_out_at", REAL),
    # True if the member confirms the price of an order with one click.
    sa.Column("confirms", BOOLEAN, nullable=False, server_default=sa.false()),
    # Time at which the member had all their other data deleted.
    sa.Column("left_at", REAL),
    sqlite_strict=True,
)

# Members who let others in a server use their avatar.
avatar_consents = sa.Table(
    "avatar_consents",
    METADATA,
    sa.Column("user_id", INTEGER, primary_key=True, autoincrement=False),
    sa.Column("guild_id", INTEGER, primary_key=True, autoincrement=False),
    sa.Column("given_at", REAL, nullable=False),
    sa.Column("notify", BOOLEAN, nullable=False),
    sa.Column("locale", sa.Text, nullable=False),
    sqlite_strict=True,
)

# Orders blocked for their content, of members whose other data was deleted.
strikes = sa.Table(
    "strikes",
    METADATA,
    sa.Column("id", INTEGER, primary_key=True, autoincrement=True),
    sa.Column("user_id", INTEGER, nullable=False),
    sa.Column("at", REAL, nullable=False),
    sa.Index("strikes_of_member", "user_id", "at"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)

fingerprints = sa.Table(
    "prints",
    METADATA,
    # No foreign key to jobs: fingerprints have a retention period of their own.
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("part", sa.Text, primary_key=True),
    sa.Column("exact", sa.Text, nullable=False),
    sa.Column("looks", sa.Text, nullable=False),
    sa.Column("at", REAL, nullable=False),
    sqlite_strict=True,
)

listed = sa.Table(
    "listed",
    METADATA,
    sa.Column("id", INTEGER, primary_key=True, autoincrement=True),
    # The server whose list this is, or NULL for the list of all servers.
    sa.Column("guild_id", INTEGER),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("mark", sa.Text, nullable=False),
    sa.Column("job_id", sa.Text, nullable=False),
    sa.Column("at", REAL, nullable=False),
    sa.CheckConstraint("kind IN ('exact', 'look')", name="listed_kind_is_known"),
    sa.Index("listed_marks", "mark", "kind"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)

takedowns = sa.Table(
    "takedowns",
    METADATA,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("at", REAL, nullable=False),
    sqlite_strict=True,
)

# Requests of anybody, also without an account. The file that they sent is not kept, only its fingerprint.
takedown_requests = sa.Table(
    "takedown_requests",
    METADATA,
    sa.Column("id", INTEGER, primary_key=True, autoincrement=True),
    sa.Column("reference", sa.Text, nullable=False, unique=True),
    sa.Column("name", CleanText, nullable=False),
    sa.Column("contact", CleanText, nullable=False),
    sa.Column("statement", CleanText, nullable=False),
    sa.Column("signature", CleanText, nullable=False),
    sa.Column("link", CleanText, nullable=False),
    sa.Column("exact", sa.Text),
    sa.Column("looks", sa.Text, nullable=False),
    sa.Column("jobs", sa.Text, nullable=False),
    sa.Column("received_at", REAL, nullable=False),
    sa.Column("due_at", REAL, nullable=False),
    # Next time to remind the operators; NULL once they have decided.
    sa.Column("remind_at", REAL),
    sa.Column("outcome", sa.Text),
    sa.Column("decided_at", REAL),
    # Next time to delete messages; NULL when none is left.
    sa.Column("sweep_at", REAL),
    sa.CheckConstraint(one_of("outcome", TakedownOutcome), name="takedown_requests_outcome_is_known"),
    sa.CheckConstraint(
        "(outcome IS NULL) = (decided_at IS NULL)", name="takedown_requests_decided_at_some_time"
    ),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)

posts = sa.Table(
    "posts",
    METADATA,
    sa.Column("message_id", INTEGER, primary_key=True, autoincrement=False),
    sa.Column("channel_id", INTEGER, nullable=False),
    sa.Column("job_id", sa.Text, nullable=False),
    sa.Column("at", REAL, nullable=False),
    # Entry in the log of a server, which loses its picture where other messages are deleted.
    sa.Column("in_log", BOOLEAN, nullable=False, server_default=sa.false()),
    sa.Index("posts_of_job", "job_id"),
    sqlite_strict=True,
)

# Finished jobs whose entry in the log of their server is not posted yet.
owed_log_entries = sa.Table(
    "owed_log_entries",
    METADATA,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("at", REAL, nullable=False),
    sqlite_strict=True,
)

cases = sa.Table(
    "cases",
    METADATA,
    sa.Column("id", INTEGER, primary_key=True, autoincrement=True),
    sa.Column("job_id", sa.Text, nullable=False),
    sa.Column("guild_id", INTEGER),
    sa.Column("reporter", INTEGER, nullable=False),
    sa.Column("opened_at", REAL, nullable=False),
    sa.Column("steps", sa.Text, nullable=False),
    sa.Column("closed_at", REAL),
    sa.Column("closed_by", INTEGER),
    sa.Column("escalated_at", REAL),
    # The card in the mod log, or NULL if the log has none.
    sa.Column("channel_id", INTEGER),
    sa.Column("message_id", INTEGER),
    # The audience that was notified last, or NULL while the case has reached nobody.
    sa.Column("told_to", sa.Text),
    # Several reports of one job share one open case.
    partial_index("cases_open_once", "job_id", where=sa.text("closed_at IS NULL"), unique=True),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)

# Reports and moderators' notes.
case_notes = sa.Table(
    "case_notes",
    METADATA,
    sa.Column("id", INTEGER, primary_key=True, autoincrement=True),
    sa.Column("case_id", INTEGER, _of_case("case_notes_case"), nullable=False),
    sa.Column("author", INTEGER, nullable=False),
    sa.Column("at", REAL, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    # The complaint of a report, or NULL for a moderator's note.
    sa.Column("complaint", sa.Text),
    sa.Index("case_notes_of_case", "case_id"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)

# Cards in direct messages, of operators and owners of servers.
case_cards = sa.Table(
    "case_cards",
    METADATA,
    sa.Column("message_id", INTEGER, primary_key=True, autoincrement=False),
    sa.Column("channel_id", INTEGER, nullable=False),
    sa.Column("case_id", INTEGER, _of_case("case_cards_case"), nullable=False),
    sa.Index("case_cards_of_case", "case_id"),
    sqlite_strict=True,
)

approvals = sa.Table(
    "approvals",
    METADATA,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("guild_id", INTEGER, nullable=False),
    sa.Column("asked_at", REAL, nullable=False),
    sa.Column("lapses_at", REAL, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("decided_by", INTEGER, nullable=False),
    sa.Column("decided_at", REAL),
    # The card in the mod log, or NULL until moderators could be asked.
    sa.Column("channel_id", INTEGER),
    sa.Column("message_id", INTEGER),
    sa.CheckConstraint(one_of("verdict", Verdict), name="approvals_verdict_is_known"),
    sa.CheckConstraint(
        "(verdict IN ('approved', 'rejected', 'lapsed')) = (decided_at IS NOT NULL)",
        name="approvals_decided_at_some_time",
    ),
    partial_index("approvals_waiting", "lapses_at", where=UNDECIDED),
    sqlite_strict=True,
)
