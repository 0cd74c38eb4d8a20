"""Tables of the ledger: accounts and their entries, budgets, server rules and audit entries."""

import sqlalchemy as sa

from bot.ledger.account import EntryKind
from bot.ledger.budgets import Scope
from bot.store.tables.columns import INTEGER, METADATA, REAL, CleanText, JsonText, one_of, partial_index

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
    # No foreign key: the ledger outlives the jobs, whose rows hold data that members may have deleted.
    sa.Column("job_id", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),
    # The whole change of the account, and the part of it that changes the allowance.
    sa.Column("amount", INTEGER, nullable=False),
    sa.Column("of_allowance", INTEGER, nullable=False),
    sa.Column("at", REAL, nullable=False),
    sa.Column("actor", sa.Text),
    sa.Column("why", CleanText),
    # Identifies a payment made elsewhere, such as a purchase in Discord's shop.
    sa.Column("receipt", sa.Text),
    # Id of a gift, which both of its entries have.
    sa.Column("gift", sa.Text),
    sa.UniqueConstraint("job_id", "kind", name="entries_once_per_job"),
    sa.UniqueConstraint("receipt", name="entries_once_per_receipt"),
    sa.CheckConstraint("receipt IS NULL OR kind = 'grant'", name="entries_receipt_is_for_a_grant"),
    sa.CheckConstraint(one_of("kind", EntryKind), name="entries_kind_is_known"),
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
    # A hold is captured or released, never both.
    partial_index(
        "entries_one_settlement", "job_id", where=sa.text("kind IN ('capture', 'release')"), unique=True
    ),
    # A gift is taken once and given once.
    partial_index("entries_of_gift", "gift", "kind", where=sa.text("gift IS NOT NULL"), unique=True),
    # With the amounts, so that the ledger check adds them up without reading the rows.
    sa.Index("entries_of_account", "account", "id", "amount", "of_allowance"),
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
    # Spent plus held: credits for a server, millionths of a dollar for the operator.
    sa.Column("spent", INTEGER, nullable=False),
    sa.CheckConstraint(one_of("scope", Scope), name="budgets_scope_is_known"),
    sa.CheckConstraint("spent >= 0", name="budgets_spent_is_not_negative"),
    sqlite_strict=True,
)

events = sa.Table(
    "events",
    METADATA,
    sa.Column("id", INTEGER, primary_key=True, autoincrement=True),
    sa.Column("guild_id", INTEGER, nullable=False),
    # Slugs; none stands for all models.
    sa.Column("models", JsonText, nullable=False),
    sa.Column("discount", INTEGER, nullable=False),
    sa.Column("cap", INTEGER, nullable=False),
    sa.Column("since", REAL, nullable=False),
    sa.Column("until", REAL, nullable=False),
    sa.CheckConstraint("discount BETWEEN 1 AND 100", name="events_discount_is_a_percentage"),
    sa.CheckConstraint("cap > 0", name="events_cap_is_positive"),
    sa.Index("events_of_server", "guild_id", "until"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)

servers = sa.Table(
    "servers",
    METADATA,
    sa.Column("id", INTEGER, primary_key=True, autoincrement=False),
    sa.Column("rules", JsonText, nullable=False),
    # Time at which the bot was removed from the server; NULL while it is there.
    sa.Column("left_at", REAL),
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
