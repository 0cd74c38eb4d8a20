"""Alembic environment, which runs on the connection and in the transaction of `backend.schema`."""

from alembic import context

from bot.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # SQLite cannot alter a table, so alembic copies it instead.
    render_as_batch=True,
    # The engine of the store begins its transactions itself, and DDL is transactional on SQLite.
    transactional_ddl=True,
)
context.run_migrations()
