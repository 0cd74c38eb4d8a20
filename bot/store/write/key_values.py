"""Small things to remember over restarts, by name."""

import sqlalchemy as sa

from bot.store.connection import Connection
from bot.store.dialects import insert_into
from bot.store.tables import notes


async def read(connection: Connection, name: str) -> str | None:
    found = await connection.execute(sa.select(notes.c.text).where(notes.c.name == name))
    return found.scalar_one_or_none()


async def write(connection: Connection, name: str, text: str) -> None:
    written = insert_into(connection, notes).values(name=name, text=text)
    await connection.execute(
        written.on_conflict_do_update(index_elements=[notes.c.name], set_={"text": text})
    )


async def swap(connection: Connection, name: str, text: str) -> str | None:
    """Write it down, and say what stood there; of several processes, only one hears of a change."""
    made = insert_into(connection, notes).values(name=name, text=text).on_conflict_do_nothing()
    if (await connection.execute(made.returning(notes.c.name))).one_or_none() is not None:
        return None
    locking = sa.select(notes.c.text).where(notes.c.name == name).with_for_update()
    was = (await connection.execute(locking)).scalar_one()
    await connection.execute(notes.update().where(notes.c.name == name).values(text=text))
    return was
