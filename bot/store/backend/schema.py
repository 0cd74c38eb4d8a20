"""Migrates the tables to this version's revision when the bot opens the database."""

from importlib import resources

import sqlalchemy as sa

from bot.store.connection import Database
from bot.store.dialects import is_postgres
from bot.store.errors import SchemaDiffers, SchemaTooNew

HEAD = "2"
"""Newest revision, repeated here because importing alembic takes longer than everything else at startup."""

# Any number that nothing else on this server uses as an advisory lock.
_LOCK = 0xD0_99_E1


async def bring_up_to_date(database: Database) -> None:
    """Create or migrate the tables, once even if several processes start together."""
    async with database.begin() as connection:
        found = await connection.run_sync(_revision)
        if found == HEAD:
            return
    async with database.begin() as connection:
        if is_postgres(connection):
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        await connection.run_sync(_upgrade)


async def check_revision(database: Database) -> None:
    """Raise `SchemaDiffers` unless the tables are those of this version."""
    async with database.begin() as connection:
        found = await connection.run_sync(_revision)
    if found != HEAD:
        raise SchemaDiffers(found=found, known=HEAD)


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command  # noqa: PLC0415 - see HEAD.
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(resources.files("bot.store") / "migrations"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    found = _revision(connection)
    if found is not None and found not in known:
        raise SchemaTooNew(found=found, known=HEAD)
    command.upgrade(config, "head")
