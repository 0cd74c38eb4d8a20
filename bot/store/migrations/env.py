"""Run by alembic, on the connection and in the transaction that `schema` hands over."""

from alembic import context

from bot.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # SQLite cannot alter a table; alembic copies it instead.
    render_as_batch=True,
    # Our engine begins transactions on SQLite itself, where DDL is as transactional as everything else.
    transactional_ddl=True,
)
context.run_migrations()
