"""The tables, with every invariant that a database can hold by itself."""

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from bot.credits.account import Entry
from bot.jobs.job import State

# SQLite's STRICT tables know INTEGER, REAL and TEXT alone.
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NUMBER = sa.Double[float]().with_variant(sa.REAL(), "sqlite")
FLAG = sa.Boolean().with_variant(sa.Integer(), "sqlite")


class Prose(TypeDecorator[str]):
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


class Document(TypeDecorator[Mapping[str, Any]]):
    """JSON as ASCII text, which takes every string that Python has and keeps the order of its keys."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, Any] | None, dialect: sa.Dialect) -> str:
        del dialect
        return json.dumps(dict(value or {}), separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Mapping[str, Any]:
        del dialect
        return json.loads(value or "{}")


def _one_of(column: str, names: type[State | Entry]) -> str:
    return f"{column} IN ({', '.join(repr(str(name)) for name in names)})"


def _settled() -> str:
    return f"state IN ({', '.join(repr(str(state)) for state in State if state.settled)})"


METADATA = sa.MetaData()

accounts = sa.Table(
    "accounts",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("free", WHOLE, nullable=False),
    sa.Column("held", WHOLE, nullable=False),
    sa.CheckConstraint("free >= 0", name="accounts_free_is_not_negative"),
    sa.CheckConstraint("held >= 0", name="accounts_held_is_not_negative"),
    sqlite_strict=True,
)

entries = sa.Table(
    "entries",
    METADATA,
    sa.Column("id", WHOLE, primary_key=True, autoincrement=True),
    sa.Column("account", sa.Text, sa.ForeignKey("accounts.id", name="entries_account"), nullable=False),
    # No foreign key: the ledger outlives the jobs, whose rows hold what members may ask to be forgotten.
    sa.Column("job_id", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("amount", WHOLE, nullable=False),
    sa.Column("at", NUMBER, nullable=False),
    sa.Column("actor", sa.Text),
    sa.Column("why", Prose),
    sa.UniqueConstraint("job_id", "kind", name="entries_once_per_job"),
    sa.CheckConstraint(_one_of("kind", Entry), name="entries_kind_is_known"),
    sa.CheckConstraint("(kind = 'grant') = (job_id IS NULL)", name="entries_grants_have_no_job"),
    sa.CheckConstraint(
        "kind = 'grant' OR (kind = 'hold' AND amount <= 0)"
        " OR (kind = 'capture' AND amount = 0) OR (kind = 'release' AND amount >= 0)",
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
    sqlite_strict=True,
    sqlite_autoincrement=True,
)

jobs = sa.Table(
    "jobs",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("body", Document, nullable=False),
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
    sa.Column("request_id", Prose),
    sa.Column("output", Prose),
    sa.Column("cost", NUMBER),
    sa.Column("reason", sa.Text),
    sa.Column("detail", Prose),
    sa.Column("settled_at", NUMBER),
    sa.Column("told", FLAG, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("epoch", WHOLE, nullable=False),
    sa.UniqueConstraint("request_id", name="jobs_request_id_once"),
    sa.CheckConstraint("price >= 0", name="jobs_price_is_not_negative"),
    sa.CheckConstraint(_one_of("state", State), name="jobs_state_is_known"),
    sa.CheckConstraint(f"NOT told OR {_settled()}", name="jobs_told_of_an_end"),
    # Told implies settled, so these are the open jobs: not settled, or settled and not told.
    sa.Index(
        "jobs_open", "created_at", sqlite_where=sa.text("NOT told"), postgresql_where=sa.text("NOT told")
    ),
    sqlite_strict=True,
)

workers = sa.Table(
    "workers",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("lease_until", NUMBER, nullable=False),
    sqlite_strict=True,
)

notes = sa.Table(
    "notes",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sqlite_strict=True,
)
