"""The tables, with every invariant that a database can hold by itself."""

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from bot.jobs.job import State
from bot.ledger.account import EntryKind
from bot.ledger.budgets import Scope
from bot.moderation.approvals import Verdict

# SQLite's STRICT tables know INTEGER, REAL and TEXT alone.
INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
REAL = sa.Double[float]().with_variant(sa.REAL(), "sqlite")
BOOLEAN = sa.Boolean().with_variant(sa.Integer(), "sqlite")


class CleanText(TypeDecorator[str]):
    """Text from outside, without the characters that no database can store.

    Postgres refuses NUL, and neither takes half a surrogate pair: a failure's detail must not keep its job
    from being settled.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        del dialect
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "").encode(errors="replace").decode()


class JsonText(TypeDecorator[Mapping[str, Any]]):
    """JSON as ASCII text, which takes every string that Python has and keeps the order of its keys."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, Any] | None, dialect: sa.Dialect) -> str:
        del dialect
        return json.dumps(dict(value or {}), separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Mapping[str, Any]:
        del dialect
        return json.loads(value or "{}")


def _one_of(column: str, names: type[State | EntryKind | Scope | Verdict]) -> str:
    return f"{column} IN ({', '.join(repr(str(name)) for name in names)})"


def _settled() -> str:
    return f"state IN ({', '.join(repr(str(state)) for state in State if state.settled)})"


IN_FLIGHT = "state IN ('SUBMITTING', 'UNKNOWN', 'SUBMITTED')"

METADATA = sa.MetaData()

accounts = sa.Table(
    "accounts",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("allowance", INTEGER, nullable=False),
    sa.Column("granted", INTEGER, nullable=False),
    sa.Column("held", INTEGER, nullable=False),
    sa.Column("used", INTEGER, nullable=False),
    sa.Column("since", REAL, nullable=False),
    sa.CheckConstraint("allowance >= 0", name="accounts_allowance_is_not_negative"),
    sa.CheckConstraint("granted >= 0", name="accounts_granted_is_not_negative"),
    sa.CheckConstraint("held >= 0", name="accounts_held_is_not_negative"),
    sqlite_strict=True,
)

entries = sa.Table(
    "entries",
    METADATA,
    sa.Column("id", INTEGER, primary_key=True, autoincrement=True),
    sa.Column("account", sa.Text, sa.ForeignKey("accounts.id", name="entries_account"), nullable=False),
    # No foreign key: the ledger outlives the jobs, whose rows hold what members may ask to be forgotten.
    sa.Column("job_id", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),
    # All that changed for the account, and the part of it that concerns the allowance.
    sa.Column("amount", INTEGER, nullable=False),
    sa.Column("of_allowance", INTEGER, nullable=False),
    sa.Column("at", REAL, nullable=False),
    sa.Column("actor", sa.Text),
    sa.Column("why", CleanText),
    # What was paid for the credits elsewhere, such as a purchase in Discord's shop.
    sa.Column("receipt", sa.Text),
    sa.UniqueConstraint("job_id", "kind", name="entries_once_per_job"),
    sa.UniqueConstraint("receipt", name="entries_once_per_receipt"),
    sa.CheckConstraint("receipt IS NULL OR kind = 'grant'", name="entries_receipt_is_for_a_grant"),
    sa.CheckConstraint(_one_of("kind", EntryKind), name="entries_kind_is_known"),
    sa.CheckConstraint(
        "CASE WHEN kind IN ('hold', 'capture', 'release') THEN job_id IS NOT NULL"
        " WHEN kind IN ('grant', 'allowance') THEN job_id IS NULL ELSE true END",
        name="entries_job_fits_the_kind",
    ),
    sa.CheckConstraint(
        "(kind = 'grant' AND amount > 0 AND of_allowance = 0)"
        " OR (kind = 'adjust' AND of_allowance = 0)"
        " OR (kind = 'allowance' AND amount = of_allowance)"
        " OR (kind = 'hold' AND amount <= of_allowance AND of_allowance <= 0)"
        " OR (kind = 'capture' AND amount = 0 AND of_allowance = 0)"
        " OR (kind = 'release' AND amount >= of_allowance AND of_allowance >= 0)",
        name="entries_amount_fits_the_kind",
    ),
    # Captured or released, never both.
    sa.Index(
        "entries_one_settlement",
        "job_id",
        unique=True,
        sqlite_where=sa.text("kind IN ('capture', 'release')"),
        postgresql_where=sa.text("kind IN ('capture', 'release')"),
    ),
    sa.Index("entries_of_account", "account", "id"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)

budgets = sa.Table(
    "budgets",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("guild_id", INTEGER),
    sa.Column("since", REAL, nullable=False),
    sa.Column("until", REAL, nullable=False),
    # Spent and held: credits for a server, millionths of a dollar for the operator.
    sa.Column("spent", INTEGER, nullable=False),
    sa.CheckConstraint(_one_of("scope", Scope), name="budgets_scope_is_known"),
    sa.CheckConstraint("spent >= 0", name="budgets_spent_is_not_negative"),
    sqlite_strict=True,
)

servers = sa.Table(
    "servers",
    METADATA,
    sa.Column("id", INTEGER, primary_key=True, autoincrement=False),
    sa.Column("rules", JsonText, nullable=False),
    sqlite_strict=True,
)

audit_entries = sa.Table(
    "deeds",
    METADATA,
    sa.Column("id", INTEGER, primary_key=True, autoincrement=True),
    sa.Column("guild_id", INTEGER),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("deed", sa.Text, nullable=False),
    sa.Column("facts", JsonText, nullable=False),
    sa.Column("at", REAL, nullable=False),
    sa.Index("deeds_of_server", "guild_id", "id"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)

OPEN = sa.text("NOT told")
"""In the words of its index, which SQLite would not recognize in others."""

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
    sa.Column("created_at", REAL, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("video_seconds", REAL),
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
    sa.UniqueConstraint("request_id", name="jobs_request_id_once"),
    sa.CheckConstraint("price >= 0", name="jobs_price_is_not_negative"),
    sa.CheckConstraint("from_allowance BETWEEN 0 AND price", name="jobs_allowance_is_part_of_the_price"),
    sa.CheckConstraint(_one_of("state", State), name="jobs_state_is_known"),
    sa.CheckConstraint(f"NOT told OR {_settled()}", name="jobs_told_of_an_end"),
    # Told implies settled, so these are the open jobs: not settled, or settled and not told.
    sa.Index("jobs_open", "created_at", sqlite_where=OPEN, postgresql_where=OPEN),
    # What ended in the last hours is looked at again and again, while there may be a million from before.
    sa.Index(
        "jobs_settled",
        "settled_at",
        sqlite_where=sa.text("settled_at IS NOT NULL"),
        postgresql_where=sa.text("settled_at IS NOT NULL"),
    ),
    sa.Index("jobs_of_server", "guild_id", "created_at"),
    sa.Index("jobs_of_member", "user_id", "id"),
    # How full Segmind is with us is counted before each submission, where several processes submit.
    sa.Index(
        "jobs_at_segmind",
        "account",
        "guild_id",
        sqlite_where=sa.text(IN_FLIGHT),
        postgresql_where=sa.text(IN_FLIGHT),
    ),
    sqlite_strict=True,
)

payer = sa.case((jobs.c.account.startswith("direct:"), sa.null()), else_=jobs.c.guild_id)
"""The server that pays for a job: none where it is a member's own, wherever it is answered."""

workers = sa.Table(
    "workers",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("lease_until", REAL, nullable=False),
    sqlite_strict=True,
)

shards = sa.Table(
    "shards",
    METADATA,
    sa.Column("total", INTEGER, primary_key=True, autoincrement=False),
    sa.Column("number", INTEGER, primary_key=True, autoincrement=False),
    # No foreign key: a worker's row goes when it ends, and its shards are free then.
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

people = sa.Table(
    "people",
    METADATA,
    sa.Column("user_id", INTEGER, primary_key=True, autoincrement=False),
    sa.Column("agreed_to", sa.Text),
    sa.Column("agreed_at", REAL),
    sa.Column("opted_out_at", REAL),
    # When all else about this member was deleted at their wish.
    sa.Column("left_at", REAL),
    sqlite_strict=True,
)

# Orders that were blocked for their content, of members about whom all else was deleted.
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
    # No foreign keys to jobs: what is kept for safety has a time of its own.
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
    # Of this server; without one, of all of them.
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

posts = sa.Table(
    "posts",
    METADATA,
    sa.Column("message_id", INTEGER, primary_key=True, autoincrement=False),
    sa.Column("channel_id", INTEGER, nullable=False),
    sa.Column("job_id", sa.Text, nullable=False),
    sa.Column("at", REAL, nullable=False),
    sa.Index("posts_of_job", "job_id"),
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
    # The card in the log; none where it went to the operators.
    sa.Column("channel_id", INTEGER),
    sa.Column("message_id", INTEGER),
    # However many report a job, there is one case of it at a time.
    sa.Index(
        "cases_open_once",
        "job_id",
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    ),
    sqlite_strict=True,
    sqlite_autoincrement=True,
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
    # The card in the log; none where moderators could not be asked yet.
    sa.Column("channel_id", INTEGER),
    sa.Column("message_id", INTEGER),
    sa.CheckConstraint(_one_of("verdict", Verdict), name="approvals_verdict_is_known"),
    sa.CheckConstraint(
        "(verdict IN ('approved', 'rejected', 'lapsed')) = (decided_at IS NOT NULL)",
        name="approvals_decided_at_some_time",
    ),
    sa.Index(
        "approvals_waiting",
        "lapses_at",
        sqlite_where=sa.text("verdict IN ('waiting', 'withdrawn')"),
        postgresql_where=sa.text("verdict IN ('waiting', 'withdrawn')"),
    ),
    sqlite_strict=True,
)

faces = sa.Table(
    "faces",
    METADATA,
    sa.Column("user_id", INTEGER, primary_key=True, autoincrement=False),
    # The name without regard to capitals.
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("size", INTEGER, nullable=False),
    sa.Column("saved_at", REAL, nullable=False),
    sa.Column("expires_at", REAL, nullable=False),
    sa.Column("is_default", BOOLEAN, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Index(
        "faces_one_default",
        "user_id",
        unique=True,
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    ),
    sa.Index("faces_by_end", "expires_at"),
    sqlite_strict=True,
)
