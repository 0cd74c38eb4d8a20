"""Tables of jobs and of the processes that share them."""

import sqlalchemy as sa

from bot.jobs.job import SHORT_ID, State
from bot.store.tables.columns import (
    BOOLEAN,
    INTEGER,
    METADATA,
    REAL,
    CleanText,
    JsonText,
    one_of,
    partial_index,
)

_SETTLED = one_of("state", (state for state in State if state.settled))

OPEN = sa.text("NOT told")
"""Condition for open jobs, worded as in their index: SQLite recognizes no other wording."""

IN_FLIGHT = sa.text("state IN ('SUBMITTING', 'UNKNOWN', 'SUBMITTED')")
"""Condition for jobs that Segmind has or may have."""

SLOT_USED = sa.text("state = 'HELD' AND slot_since IS NOT NULL")
"""Condition for waiting jobs that have a slot or ask for one."""

TO_CANCEL = sa.text("state = 'HELD' AND cancel_requested")
"""Condition for waiting jobs that their owner has to cancel."""

jobs = sa.Table(
    "jobs",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("body", JsonText, nullable=False),
    sa.Column("account", sa.Text, sa.ForeignKey("accounts.id", name="jobs_account"), nullable=False),
    sa.Column("price", INTEGER, nullable=False),
    sa.Column("from_allowance", INTEGER, nullable=False),
    sa.Column("allowance_until", REAL, nullable=False),
    sa.Column("expected", REAL, nullable=False),
    sa.Column("user_id", INTEGER, nullable=False),
    sa.Column("channel_id", INTEGER, nullable=False),
    sa.Column("message_id", INTEGER, nullable=False),
    sa.Column("application_id", INTEGER, nullable=False),
    sa.Column("token", sa.Text, nullable=False),
    sa.Column("token_until", REAL, nullable=False),
    sa.Column("guild_id", INTEGER),
    sa.Column("locale", sa.Text, nullable=False),
    sa.Column("upload_limit", INTEGER, nullable=False),
    sa.Column("hidden", BOOLEAN, nullable=False),
    sa.Column("spoiler", BOOLEAN, nullable=False),
    sa.Column("direct", BOOLEAN, nullable=False),
    sa.Column("gif_loops", INTEGER),
    sa.Column("created_at", REAL, nullable=False),
    sa.Column("nonce", sa.Text, nullable=False, server_default=sa.text("''")),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("video_seconds", REAL),
    # The member whose avatar is the face, or 0 once they deleted their data.
    sa.Column("avatar_of", INTEGER),
    sa.Column("agreed", BOOLEAN, nullable=False, server_default=sa.false()),
    sa.Column("doubtful", BOOLEAN, nullable=False, server_default=sa.false()),
    sa.Column("submitted_at", REAL),
    sa.Column("request_id", CleanText),
    sa.Column("output", CleanText),
    sa.Column("cost", REAL),
    sa.Column("reason", sa.Text),
    sa.Column("detail", CleanText),
    sa.Column("settled_at", REAL),
    sa.Column("told", BOOLEAN, nullable=False),
    sa.Column("delivery", sa.Text),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("epoch", INTEGER, nullable=False),
    sa.Column("cancel_requested", BOOLEAN, nullable=False, server_default=sa.false()),
    sa.Column("batch", sa.Text),
    # Credits that the server pays on top of the price, and the event for which it does.
    sa.Column("subsidy", INTEGER, nullable=False, server_default=sa.text("0")),
    sa.Column("event", INTEGER),
    # Slot of a waiting job, a part of the capacity that all processes share: since when the job has asked for
    # it, by the clock of Postgres, and whether the job has it.
    sa.Column("slot_since", REAL),
    sa.Column("has_slot", BOOLEAN, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("request_id", name="jobs_request_id_once"),
    sa.CheckConstraint("price >= 0", name="jobs_price_is_not_negative"),
    sa.CheckConstraint("from_allowance BETWEEN 0 AND price", name="jobs_allowance_is_part_of_the_price"),
    sa.CheckConstraint(one_of("state", State), name="jobs_state_is_known"),
    sa.CheckConstraint(f"NOT told OR {_SETTLED}", name="jobs_told_of_an_end"),
    # Told implies settled, so the open jobs are those not settled, or settled and not told.
    partial_index("jobs_open", "created_at", where=OPEN),
    # The dashboard keeps reading the jobs of the last hours, and there may be a million older ones.
    partial_index("jobs_settled", "settled_at", where=sa.text("settled_at IS NOT NULL")),
    sa.Index("jobs_of_server", "guild_id", "created_at"),
    sa.Index("jobs_of_member", "user_id", "id"),
    partial_index("jobs_with_avatar", "avatar_of", "id", where=sa.text("avatar_of IS NOT NULL")),
    # Processes that share a database count the jobs in flight before each submission.
    partial_index("jobs_at_segmind", "account", "guild_id", where=IN_FLIGHT),
    # Processes that share a database look through the jobs that ask for slots before each submission.
    partial_index("jobs_with_slots", "slot_since", where=SLOT_USED),
    # Processes that share a database look for these every few seconds.
    partial_index("jobs_to_cancel", "owner", where=TO_CANCEL),
    # The cap of an event holds for the sum of its jobs.
    partial_index("jobs_of_event", "event", where=sa.text("event IS NOT NULL")),
    # The card of a batch shows all of its jobs.
    partial_index("jobs_of_batch", "batch", where=sa.text("batch IS NOT NULL")),
    sqlite_strict=True,
)

POSTGRES_TIME = sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), REAL)
"""Seconds since the epoch by the clock of Postgres."""

WITHOUT_RESULT = jobs.c.state.in_([state for state in State if state.settled and state is not State.DONE])
"""Condition for jobs that ended without a result, so that their hold was released."""

payer = sa.case((jobs.c.account.startswith("direct:"), sa.null()), else_=jobs.c.guild_id)
"""The server that pays for a job, or NULL if the member pays from their own account."""


def is_named(column: sa.Column[str], job_id: str) -> sa.ColumnElement[bool]:
    """Condition that the column has this id of a job, or ends with it if it is a short id."""
    return column.endswith(job_id, autoescape=True) if len(job_id) == SHORT_ID else column == job_id


workers = sa.Table(
    "workers",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    # Time by the clock of Postgres: the clocks of two processes may differ by more than a lease.
    sa.Column("lease_until", REAL, nullable=False),
    # Not while the process stands by, waiting for shards.
    sa.Column("serves", BOOLEAN, nullable=False, server_default=sa.true()),
    sqlite_strict=True,
)

LIVE = workers.c.lease_until > POSTGRES_TIME
"""Condition for workers whose lease is valid. SQLite has none: a lock file keeps other processes out."""

shards = sa.Table(
    "shards",
    METADATA,
    sa.Column("total", INTEGER, primary_key=True, autoincrement=False),
    sa.Column("number", INTEGER, primary_key=True, autoincrement=False),
    # No foreign key: a worker that ends deletes its row, which frees its shards.
    sa.Column("owner", sa.Text, nullable=False),
    sqlite_strict=True,
)

notes = sa.Table(
    "notes",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sqlite_strict=True,
)
