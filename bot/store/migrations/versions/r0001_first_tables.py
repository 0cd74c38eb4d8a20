"""First tables: ledger, jobs, workers, moderation and faces."""

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None

INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
REAL = sa.Double[float]().with_variant(sa.REAL(), "sqlite")
BOOLEAN = sa.Boolean().with_variant(sa.Integer(), "sqlite")

# Rows of these tables are never deleted, and updated only to remove a person from them.
ALLOWED_UPDATES = {
    "entries": (
        "NEW.id = OLD.id AND NEW.job_id {is} OLD.job_id AND NEW.kind = OLD.kind AND NEW.amount = OLD.amount"
        " AND NEW.of_allowance = OLD.of_allowance AND NEW.at = OLD.at AND NEW.receipt {is} OLD.receipt"
        " AND (NEW.account = OLD.account OR NEW.account LIKE '%forgotten-%')"
        " AND (NEW.actor {is} OLD.actor OR NEW.actor = 'forgotten')"
        " AND (NEW.why {is} OLD.why OR NEW.why IS NULL)"
    ),
    "deeds": (
        "NEW.id = OLD.id AND NEW.guild_id {is} OLD.guild_id AND NEW.deed = OLD.deed AND NEW.at = OLD.at"
        " AND (NEW.actor = OLD.actor OR NEW.actor = 'forgotten')"
        " AND length(NEW.facts) <= length(OLD.facts)"
    ),
}


def upgrade() -> None:
    _accounts()
    _entries()
    _jobs()
    _budgets()
    _servers()
    op.create_table(
        "workers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("lease_until", REAL, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "shards",
        sa.Column("total", INTEGER, primary_key=True, autoincrement=False),
        sa.Column("number", INTEGER, primary_key=True, autoincrement=False),
        sa.Column("owner", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "notes",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    _moderation()
    _cases()
    _approvals()
    _faces()
    if op.get_context().dialect.name == "postgresql":
        _forbid_rewriting_on_postgres()
    else:
        _forbid_rewriting_on_sqlite()


def _accounts() -> None:
    op.create_table(
        "accounts",
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


def _entries() -> None:
    op.create_table(
        "entries",
        sa.Column("id", INTEGER, primary_key=True, autoincrement=True),
        sa.Column("account", sa.Text, sa.ForeignKey("accounts.id", name="entries_account"), nullable=False),
        sa.Column("job_id", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("amount", INTEGER, nullable=False),
        sa.Column("of_allowance", INTEGER, nullable=False),
        sa.Column("at", REAL, nullable=False),
        sa.Column("actor", sa.Text),
        sa.Column("why", sa.Text),
        sa.Column("receipt", sa.Text),
        sa.UniqueConstraint("job_id", "kind", name="entries_once_per_job"),
        sa.UniqueConstraint("receipt", name="entries_once_per_receipt"),
        sa.CheckConstraint("receipt IS NULL OR kind = 'grant'", name="entries_receipt_is_for_a_grant"),
        sa.CheckConstraint(
            "kind IN ('grant', 'allowance', 'hold', 'capture', 'release', 'adjust')",
            name="entries_kind_is_known",
        ),
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
    op.create_index("entries_of_account", "entries", ["account", "id"])


def _budgets() -> None:
    op.create_table(
        "budgets",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("guild_id", INTEGER),
        sa.Column("since", REAL, nullable=False),
        sa.Column("until", REAL, nullable=False),
        sa.Column("spent", INTEGER, nullable=False),
        sa.CheckConstraint("scope IN ('server', 'operator')", name="budgets_scope_is_known"),
        sa.CheckConstraint("spent >= 0", name="budgets_spent_is_not_negative"),
        sqlite_strict=True,
    )


def _servers() -> None:
    op.create_table(
        "servers",
        sa.Column("id", INTEGER, primary_key=True, autoincrement=False),
        sa.Column("rules", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "deeds",
        sa.Column("id", INTEGER, primary_key=True, autoincrement=True),
        sa.Column("guild_id", INTEGER),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("deed", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("at", REAL, nullable=False),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("deeds_of_server", "deeds", ["guild_id", "id"])


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
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
        sa.Column("request_id", sa.Text),
        sa.Column("output", sa.Text),
        sa.Column("cost", REAL),
        sa.Column("reason", sa.Text),
        sa.Column("detail", sa.Text),
        sa.Column("settled_at", REAL),
        sa.Column("told", BOOLEAN, nullable=False),
        sa.Column("delivery", sa.Text),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("epoch", INTEGER, nullable=False),
        sa.UniqueConstraint("request_id", name="jobs_request_id_once"),
        sa.CheckConstraint("price >= 0", name="jobs_price_is_not_negative"),
        sa.CheckConstraint("from_allowance BETWEEN 0 AND price", name="jobs_allowance_is_part_of_the_price"),
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
    over = sa.text("settled_at IS NOT NULL")
    op.create_index("jobs_settled", "jobs", ["settled_at"], sqlite_where=over, postgresql_where=over)
    op.create_index("jobs_of_server", "jobs", ["guild_id", "created_at"])
    op.create_index("jobs_of_member", "jobs", ["user_id", "id"])
    at_segmind = sa.text("state IN ('SUBMITTING', 'UNKNOWN', 'SUBMITTED')")
    op.create_index(
        "jobs_at_segmind",
        "jobs",
        ["account", "guild_id"],
        sqlite_where=at_segmind,
        postgresql_where=at_segmind,
    )


def _moderation() -> None:
    op.create_table(
        "people",
        sa.Column("user_id", INTEGER, primary_key=True, autoincrement=False),
        sa.Column("agreed_to", sa.Text),
        sa.Column("agreed_at", REAL),
        sa.Column("opted_out_at", REAL),
        sa.Column("left_at", REAL),
        sqlite_strict=True,
    )
    op.create_table(
        "strikes",
        sa.Column("id", INTEGER, primary_key=True, autoincrement=True),
        sa.Column("user_id", INTEGER, nullable=False),
        sa.Column("at", REAL, nullable=False),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("strikes_of_member", "strikes", ["user_id", "at"])
    op.create_table(
        "prints",
        sa.Column("job_id", sa.Text, primary_key=True),
        sa.Column("part", sa.Text, primary_key=True),
        sa.Column("exact", sa.Text, nullable=False),
        sa.Column("looks", sa.Text, nullable=False),
        sa.Column("at", REAL, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "listed",
        sa.Column("id", INTEGER, primary_key=True, autoincrement=True),
        sa.Column("guild_id", INTEGER),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("mark", sa.Text, nullable=False),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("at", REAL, nullable=False),
        sa.CheckConstraint("kind IN ('exact', 'look')", name="listed_kind_is_known"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("listed_marks", "listed", ["mark", "kind"])


def _cases() -> None:
    op.create_table(
        "takedowns",
        sa.Column("job_id", sa.Text, primary_key=True),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at", REAL, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "posts",
        sa.Column("message_id", INTEGER, primary_key=True, autoincrement=False),
        sa.Column("channel_id", INTEGER, nullable=False),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("at", REAL, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("posts_of_job", "posts", ["job_id"])
    op.create_table(
        "cases",
        sa.Column("id", INTEGER, primary_key=True, autoincrement=True),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("guild_id", INTEGER),
        sa.Column("reporter", INTEGER, nullable=False),
        sa.Column("opened_at", REAL, nullable=False),
        sa.Column("steps", sa.Text, nullable=False),
        sa.Column("closed_at", REAL),
        sa.Column("closed_by", INTEGER),
        sa.Column("escalated_at", REAL),
        sa.Column("channel_id", INTEGER),
        sa.Column("message_id", INTEGER),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    still_open = sa.text("closed_at IS NULL")
    op.create_index(
        "cases_open_once",
        "cases",
        ["job_id"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )


def _approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("job_id", sa.Text, primary_key=True),
        sa.Column("guild_id", INTEGER, nullable=False),
        sa.Column("asked_at", REAL, nullable=False),
        sa.Column("lapses_at", REAL, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("decided_by", INTEGER, nullable=False),
        sa.Column("decided_at", REAL),
        sa.Column("channel_id", INTEGER),
        sa.Column("message_id", INTEGER),
        sa.CheckConstraint(
            "verdict IN ('waiting', 'approved', 'rejected', 'lapsed', 'withdrawn')",
            name="approvals_verdict_is_known",
        ),
        sa.CheckConstraint(
            "(verdict IN ('approved', 'rejected', 'lapsed')) = (decided_at IS NOT NULL)",
            name="approvals_decided_at_some_time",
        ),
        sqlite_strict=True,
    )
    undecided = sa.text("verdict IN ('waiting', 'withdrawn')")
    op.create_index(
        "approvals_waiting",
        "approvals",
        ["lapses_at"],
        sqlite_where=undecided,
        postgresql_where=undecided,
    )


def _faces() -> None:
    op.create_table(
        "faces",
        sa.Column("user_id", INTEGER, primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("size", INTEGER, nullable=False),
        sa.Column("saved_at", REAL, nullable=False),
        sa.Column("expires_at", REAL, nullable=False),
        sa.Column("is_default", BOOLEAN, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    default = sa.text("is_default")
    op.create_index(
        "faces_one_default",
        "faces",
        ["user_id"],
        unique=True,
        sqlite_where=default,
        postgresql_where=default,
    )
    op.create_index("faces_by_end", "faces", ["expires_at"])


def _forbid_rewriting_on_sqlite() -> None:
    for table, allowed in ALLOWED_UPDATES.items():
        aborted = f"BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END"
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {aborted}")
        condition = allowed.replace("{is}", "IS")
        op.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} WHEN NOT ({condition}) {aborted}"
        )


def _forbid_rewriting_on_postgres() -> None:
    op.execute(
        "CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION '% are append-only', TG_TABLE_NAME"
        " USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table, allowed in ALLOWED_UPDATES.items():
        op.execute(
            f"CREATE TRIGGER {table}_no_rewriting BEFORE DELETE OR TRUNCATE ON {table}"
            " EXECUTE FUNCTION append_only()"
        )
        condition = allowed.replace("{is}", "IS NOT DISTINCT FROM")
        op.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW"
            f" WHEN (NOT ({condition})) EXECUTE FUNCTION append_only()"
        )
