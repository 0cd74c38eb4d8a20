"""Second tables: the nonce of a job, and whether a worker serves."""

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"

BOOLEAN = sa.Boolean().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _nonces()
    # A worker of the first version, which does not know the column, counts as serving.
    op.add_column("workers", sa.Column("serves", BOOLEAN, nullable=False, server_default=sa.true()))


def _nonces() -> None:
    # The default is for the rows of the first tables only, whose requests carry the id as their nonce.
    op.add_column("jobs", sa.Column("nonce", sa.Text, nullable=False, server_default=sa.text("''")))
    op.execute("UPDATE jobs SET nonce = id")
