"""Accounts and their entries, jobs, workers, notes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NUMBER = sa.Double[float]().with_variant(sa.REAL(), "sqlite")
FLAG = sa.Boolean().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _accounts()
    _entries()
    _jobs()
    op.create_table(
        "workers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("lease_until", NUMBER, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "notes",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    if op.get_context().dialect.name == "postgresql":
        _forbid_rewriting_on_postgres()
    else:
        _forbid_rewriting_on_sqlite()


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("free", WHOLE, nullable=False),
        sa.Column("held", WHOLE, nullable=False),
        sa.CheckConstraint("free >= 0", name="accounts_free_is_not_negative"),
        sa.CheckConstraint("held >= 0", name="accounts_held_is_not_negative"),
        sqlite_strict=True,
    )


def _entries() -> None:
    op.create_table(
        "entries",
        sa.Column("id", WHOLE, primary_key=True, autoincrement=True),
        sa.Column("account", sa.Text, sa.ForeignKey("accounts.id", name="entries_account"), nullable=False),
        sa.Column("job_id", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("actor", sa.Text),
        sa.Column("why", sa.Text),
        sa.UniqueConstraint("job_id", "kind", name="entries_once_per_job"),
        sa.CheckConstraint("kind IN ('grant', 'hold', 'capture', 'release')", name="entries_kind_is_known"),
        sa.CheckConstraint("(kind = 'grant') = (job_id IS NULL)", name="entries_grants_have_no_job"),
        sa.CheckConstraint(
            "kind = 'grant' OR (kind = 'hold' AND amount <= 0)"
            " OR (kind = 'capture' AND amount = 0) OR (kind = 'release' AND amount >= 0)",
            name="entries_amount_fits_the_kind",
        ),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    settlements = sa.text("kind IN ('capture', 'release')")
    op.create_index(
        "entries_one_settlement",
        "entries",
        ["job_id"],
        unique=True,
        sqlite_where=settlements,
        postgresql_where=settlements,
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("account", sa.Text, sa.ForeignKey("accounts.id", name="jobs_account"), nullable=False),
        sa.Column("price", WHOLE, nullable=False),
        sa.Column("user_id", WHOLE, nullable=False),
        sa.Column("channel_id", WHOLE, nullable=False),
        sa.Column("message_id", WHOLE, nullable=False),
        sa.Column("application_id", WHOLE, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("token_until", NUMBER, nullable=False),
        sa.Column("guild_id", WHOLE),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("upload_limit", WHOLE, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("video_seconds", NUMBER),
        sa.Column("submitted_at", NUMBER),
        sa.Column("request_id", sa.Text),
        sa.Column("output", sa.Text),
        sa.Column("cost", NUMBER),
        sa.Column("reason", sa.Text),
        sa.Column("detail", sa.Text),
        sa.Column("settled_at", NUMBER),
        sa.Column("told", FLAG, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("epoch", WHOLE, nullable=False),
        sa.UniqueConstraint("request_id", name="jobs_request_id_once"),
        sa.CheckConstraint("price >= 0", name="jobs_price_is_not_negative"),
        sa.CheckConstraint(
            "state IN ('HELD', 'SUBMITTING', 'UNKNOWN', 'SUBMITTED', 'READY',"
            " 'DONE', 'FAILED', 'BLOCKED', 'EXPIRED', 'CANCELLED')",
            name="jobs_state_is_known",
        ),
        sa.CheckConstraint(
            "NOT told OR state IN ('DONE', 'FAILED', 'BLOCKED', 'EXPIRED', 'CANCELLED')",
            name="jobs_told_of_an_end",
        ),
        sqlite_strict=True,
    )
    still_open = sa.text("NOT told")
    op.create_index("jobs_open", "jobs", ["created_at"], sqlite_where=still_open, postgresql_where=still_open)


def _forbid_rewriting_on_sqlite() -> None:
    for deed in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER entries_no_{deed.lower()} BEFORE {deed} ON entries"
            " BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END"
        )


def _forbid_rewriting_on_postgres() -> None:
    op.execute(
        "CREATE FUNCTION entries_are_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'entries are append-only'"
        " USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER entries_no_rewriting BEFORE UPDATE OR DELETE OR TRUNCATE ON entries"
        " EXECUTE FUNCTION entries_are_append_only()"
    )
