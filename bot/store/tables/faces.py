"""Table of saved faces."""

import sqlalchemy as sa

from bot.store.tables.columns import BOOLEAN, INTEGER, METADATA, REAL, partial_index

faces = sa.Table(
    "faces",
    METADATA,
    sa.Column("user_id", INTEGER, primary_key=True, autoincrement=False),
    # The case-folded name, because names that differ only in case are the same.
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("size", INTEGER, nullable=False),
    sa.Column("saved_at", REAL, nullable=False),
    sa.Column("expires_at", REAL, nullable=False),
    sa.Column("is_default", BOOLEAN, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    partial_index("faces_one_default", "user_id", where=sa.text("is_default"), unique=True),
    sa.Index("faces_by_end", "expires_at"),
    sqlite_strict=True,
)
