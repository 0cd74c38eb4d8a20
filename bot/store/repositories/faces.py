"""Saved faces as rows, each with its encrypted picture."""

from collections.abc import Sequence

import sqlalchemy as sa

from bot.faces.face import Face, SealedFace, key_of
from bot.store.connection import Connection, Transaction
from bot.store.dialects import insert_into, is_postgres
from bot.store.tables import faces

_COLUMNS = (faces.c.name, faces.c.size, faces.c.saved_at, faces.c.expires_at, faces.c.is_default)


class SqlFaceRepository:
    """Saved faces in the database; each method is one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def all_of(self, user_id: int, *, now: float) -> Sequence[Face]:
        chosen = sa.select(*_COLUMNS).where(faces.c.user_id == user_id, faces.c.expires_at > now)
        async with self._transaction() as connection:
            rows = (await connection.execute(chosen.order_by(faces.c.key))).mappings()
            return [_face(row) for row in rows]

    async def find(self, user_id: int, name: str | None, *, now: float) -> SealedFace | None:
        wanted = faces.c.is_default if name is None else faces.c.key == key_of(name)
        chosen = sa.select(faces).where(faces.c.user_id == user_id, wanted, faces.c.expires_at > now)
        async with self._transaction() as connection:
            row = (await connection.execute(chosen)).mappings().one_or_none()
        return None if row is None else SealedFace(_face(row), row["sealed"])

    async def keep(self, user_id: int, kept: SealedFace, *, now: float, most: int) -> bool:
        face, key = kept.face, key_of(kept.face.name)
        others = sa.select(sa.func.count()).where(faces.c.user_id == user_id, faces.c.key != key)
        async with self._transaction() as connection:
            await _lock_member(connection, user_id)
            await _delete(connection, faces.c.user_id == user_id, faces.c.expires_at <= now)
            if (await connection.execute(others)).scalar_one() >= most:
                return False
            if face.is_default:
                await _clear_default(connection, user_id)
            await _upsert(connection, user_id, key, kept)
        return True

    async def choose(self, user_id: int, name: str | None, *, now: float) -> bool:
        async with self._transaction() as connection:
            await _lock_member(connection, user_id)
            if name is None:
                await _clear_default(connection, user_id)
                return True
            wanted = (faces.c.user_id == user_id, faces.c.key == key_of(name), faces.c.expires_at > now)
            if (await connection.execute(sa.select(faces.c.key).where(*wanted))).one_or_none() is None:
                return False
            await _clear_default(connection, user_id)
            await connection.execute(faces.update().where(*wanted).values(is_default=True))
        return True

    async def drop(self, user_id: int, name: str) -> bool:
        async with self._transaction() as connection:
            return await _delete(connection, faces.c.user_id == user_id, faces.c.key == key_of(name)) > 0

    async def drop_all(self, user_id: int) -> int:
        async with self._transaction() as connection:
            return await _delete(connection, faces.c.user_id == user_id)

    async def sweep(self, now: float) -> int:
        async with self._transaction() as connection:
            return await _delete(connection, faces.c.expires_at <= now)


async def _lock_member(connection: Connection, user_id: int) -> None:
    """Keep other writers of this member's faces out until the commit; SQLite has only one writer anyway."""
    if is_postgres(connection):
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(user_id)))


async def _upsert(connection: Connection, user_id: int, key: str, kept: SealedFace) -> None:
    face = kept.face
    row = {
        "name": face.name,
        "size": face.size,
        "saved_at": face.saved_at,
        "expires_at": face.expires_at,
        "sealed": kept.sealed,
    }
    # A face that replaces the default face stays the default.
    default = {"is_default": True} if face.is_default else {}
    await connection.execute(
        insert_into(connection, faces)
        .values(user_id=user_id, key=key, is_default=face.is_default, **row)
        .on_conflict_do_update(index_elements=[faces.c.user_id, faces.c.key], set_=row | default)
    )


async def _delete(connection: Connection, *conditions: sa.ColumnElement[bool]) -> int:
    deleted = await connection.execute(faces.delete().where(*conditions).returning(faces.c.key))
    return len(deleted.all())


async def _clear_default(connection: Connection, user_id: int) -> None:
    default = (faces.c.user_id == user_id, faces.c.is_default)
    await connection.execute(faces.update().where(*default).values(is_default=False))


def _face(row: sa.RowMapping) -> Face:
    return Face(row["name"], row["size"], row["saved_at"], row["expires_at"], bool(row["is_default"]))
