"""Second tables: the nonce of a job."""

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    _nonces()


def _nonces() -> None:
    # The default is for the rows of the first tables only, whose requests carry the id as their nonce.
    op.add_column("jobs", sa.Column("nonce", sa.Text, nullable=False, server_default=sa.text("''")))
    op.execute("UPDATE jobs SET nonce = id")
