"""Second tables: slots and batches of jobs, budgets of grants, avatars, takedown requests and more."""

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"

INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
REAL = sa.Double[float]().with_variant(sa.REAL(), "sqlite")
BOOLEAN = sa.Boolean().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _nonces()
    _slots()
    _batches()
    _cancellations()
    # Number of times that a GIF is played.
    op.add_column("jobs", sa.Column("gif_loops", INTEGER))
    # Facts for moderators; nobody knows whose faces the jobs of the first tables used.
    op.add_column("jobs", sa.Column("agreed", BOOLEAN, nullable=False, server_default=sa.false()))
    op.add_column("jobs", sa.Column("doubtful", BOOLEAN, nullable=False, server_default=sa.false()))
    # A worker of the first version, which does not know the column, counts as serving.
    op.add_column("workers", sa.Column("serves", BOOLEAN, nullable=False, server_default=sa.true()))

    _grants()
    _avatars()
    _cases()
    _gifts()
    _takedown_requests()
    op.drop_index("entries_of_account", "entries")
    op.create_index("entries_of_account", "entries", ["account", "id", "amount", "of_allowance"])
    _events()
    # True if the member confirms the price of an order with one click.
    op.add_column("people", sa.Column("confirms", BOOLEAN, nullable=False, server_default=sa.false()))
    # True if the message is an entry in the log of a server; the first version recorded none of those.
    op.add_column("posts", sa.Column("in_log", BOOLEAN, nullable=False, server_default=sa.false()))
    op.create_table(
        "owed_log_entries",
        sa.Column("job_id", sa.Text, primary_key=True),
        sa.Column("at", REAL, nullable=False),
        sqlite_strict=True,
    )
    # Time at which the bot was removed from the server.
    op.add_column("servers", sa.Column("left_at", REAL))


def _grants() -> None:
    """Allow budgets of what administrators give away."""
    # SQLite cannot change a constraint, so alembic copies the table, which has to be named as it was.
    old = sa.Table(
        "budgets",
        sa.MetaData(),
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
    with op.batch_alter_table("budgets", copy_from=old) as batch:
        batch.drop_constraint("budgets_scope_is_known", type_="check")
        batch.create_check_constraint(
            "budgets_scope_is_known", sa.text("scope IN ('server', 'grants', 'operator')")
        )


def _avatars() -> None:
    op.create_table(
        "avatar_consents",
        sa.Column("user_id", INTEGER, primary_key=True, autoincrement=False),
        sa.Column("guild_id", INTEGER, primary_key=True, autoincrement=False),
        sa.Column("given_at", REAL, nullable=False),
        sa.Column("notify", BOOLEAN, nullable=False),
        sa.Column("locale", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    op.add_column("jobs", sa.Column("avatar_of", INTEGER))
    used = sa.text("avatar_of IS NOT NULL")
    op.create_index("jobs_with_avatar", "jobs", ["avatar_of", "id"], sqlite_where=used, postgresql_where=used)


def _cases() -> None:
    """Audience of a case, words of reporters and moderators, and cards in direct messages."""
    op.add_column("cases", sa.Column("told_to", sa.Text))
    op.execute("UPDATE cases SET told_to = 'log' WHERE channel_id IS NOT NULL")
    op.execute("UPDATE cases SET told_to = 'operators' WHERE escalated_at IS NOT NULL")

    def of_case(name: str) -> sa.Column[int]:
        key = sa.ForeignKey("cases.id", name=name, ondelete="CASCADE")
        return sa.Column("case_id", INTEGER, key, nullable=False)

    op.create_table(
        "case_notes",
        sa.Column("id", INTEGER, primary_key=True, autoincrement=True),
        of_case("case_notes_case"),
        sa.Column("author", INTEGER, nullable=False),
        sa.Column("at", REAL, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("complaint", sa.Text),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("case_notes_of_case", "case_notes", ["case_id"])
    op.create_table(
        "case_cards",
        sa.Column("message_id", INTEGER, primary_key=True, autoincrement=False),
        sa.Column("channel_id", INTEGER, nullable=False),
        of_case("case_cards_case"),
        sqlite_strict=True,
    )
    op.create_index("case_cards_of_case", "case_cards", ["case_id"])


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("id", INTEGER, primary_key=True, autoincrement=True),
        sa.Column("guild_id", INTEGER, nullable=False),
        sa.Column("models", sa.Text, nullable=False),
        sa.Column("discount", INTEGER, nullable=False),
        sa.Column("cap", INTEGER, nullable=False),
        sa.Column("since", REAL, nullable=False),
        sa.Column("until", REAL, nullable=False),
        sa.CheckConstraint("discount BETWEEN 1 AND 100", name="events_discount_is_a_percentage"),
        sa.CheckConstraint("cap > 0", name="events_cap_is_positive"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("events_of_server", "events", ["guild_id", "until"])
    op.add_column("jobs", sa.Column("subsidy", INTEGER, nullable=False, server_default=sa.text("0")))
    op.add_column("jobs", sa.Column("event", INTEGER))
    some = sa.text("event IS NOT NULL")
    op.create_index("jobs_of_event", "jobs", ["event"], sqlite_where=some, postgresql_where=some)


def _gifts() -> None:
    op.add_column("entries", sa.Column("gift", sa.Text))
    some = sa.text("gift IS NOT NULL")
    op.create_index(
        "entries_of_gift", "entries", ["gift", "kind"], unique=True, sqlite_where=some, postgresql_where=some
    )
    # Entries are append-only, and so is the new column.
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER entries_keep_gift BEFORE UPDATE ON entries FOR EACH ROW"
            " WHEN (NEW.gift IS DISTINCT FROM OLD.gift) EXECUTE FUNCTION append_only()"
        )
    else:
        op.execute(
            "CREATE TRIGGER entries_keep_gift BEFORE UPDATE ON entries WHEN NEW.gift IS NOT OLD.gift"
            " BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END"
        )


def _takedown_requests() -> None:
    op.create_table(
        "takedown_requests",
        sa.Column("id", INTEGER, primary_key=True, autoincrement=True),
        sa.Column("reference", sa.Text, nullable=False, unique=True),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("name", "contact", "statement", "signature", "link")
        ),
        sa.Column("exact", sa.Text),
        sa.Column("looks", sa.Text, nullable=False),
        sa.Column("jobs", sa.Text, nullable=False),
        sa.Column("received_at", REAL, nullable=False),
        sa.Column("due_at", REAL, nullable=False),
        sa.Column("remind_at", REAL),
        sa.Column("outcome", sa.Text),
        sa.Column("decided_at", REAL),
        sa.Column("sweep_at", REAL),
        sa.CheckConstraint("outcome IN ('removed', 'declined')", name="takedown_requests_outcome_is_known"),
        sa.CheckConstraint(
            "(outcome IS NULL) = (decided_at IS NULL)", name="takedown_requests_decided_at_some_time"
        ),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )


def _nonces() -> None:
    # The default is for the rows of the first tables only, whose requests carry the id as their nonce.
    op.add_column("jobs", sa.Column("nonce", sa.Text, nullable=False, server_default=sa.text("''")))
    op.execute("UPDATE jobs SET nonce = id")


def _slots() -> None:
    op.add_column("jobs", sa.Column("slot_since", REAL))
    op.add_column("jobs", sa.Column("has_slot", BOOLEAN, nullable=False, server_default=sa.false()))
    used = sa.text("state = 'HELD' AND slot_since IS NOT NULL")
    op.create_index("jobs_with_slots", "jobs", ["slot_since"], sqlite_where=used, postgresql_where=used)


def _batches() -> None:
    op.add_column("jobs", sa.Column("batch", sa.Text))
    some = sa.text("batch IS NOT NULL")
    op.create_index("jobs_of_batch", "jobs", ["batch"], sqlite_where=some, postgresql_where=some)


def _cancellations() -> None:
    op.add_column("jobs", sa.Column("cancel_requested", BOOLEAN, nullable=False, server_default=sa.false()))
    asked = sa.text("state = 'HELD' AND cancel_requested")
    op.create_index("jobs_to_cancel", "jobs", ["owner"], sqlite_where=asked, postgresql_where=asked)
