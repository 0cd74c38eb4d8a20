"""Short texts kept by name over restarts, such as a fingerprint of the commands that Discord knows."""

import sqlalchemy as sa

from bot.store.connection import Connection
from bot.store.dialects import insert_into
from bot.store.tables import notes


async def read(connection: Connection, name: str) -> str | None:
    found = await connection.execute(sa.select(notes.c.text).where(notes.c.name == name))
    return found.scalar_one_or_none()


async def write(connection: Connection, name: str, text: str) -> None:
    row = insert_into(connection, notes).values(name=name, text=text)
    await connection.execute(row.on_conflict_do_update(index_elements=[notes.c.name], set_={"text": text}))


async def swap(connection: Connection, name: str, text: str) -> str | None:
    """Write a text and return the former one; of several processes, only the first one sees a change."""
    row = insert_into(connection, notes).values(name=name, text=text).on_conflict_do_nothing()
    if (await connection.execute(row.returning(notes.c.name))).one_or_none() is not None:
        return None
    locking = sa.select(notes.c.text).where(notes.c.name == name).with_for_update()
    former = (await connection.execute(locking)).scalar_one()
    await connection.execute(notes.update().where(notes.c.name == name).values(text=text))
    return former
