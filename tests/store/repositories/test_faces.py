"""Saved faces on both databases."""

import asyncio
from dataclasses import replace

import pytest

from bot.faces.face import Face, SealedFace
from bot.store import SqlStore

ALICE, BOB = 1001, 1002
NOW = 1000.0
EVA = SealedFace(Face("Eva", 3, saved_at=NOW, expires_at=2000.0), b"\x00sealed\xff")


def named(name: str, *, default: bool = False) -> SealedFace:
    return replace(EVA, face=replace(EVA.face, name=name, is_default=default))


async def kept(store: SqlStore, *faces: SealedFace, of: int = ALICE, most: int = 10) -> list[bool]:
    return [await store.faces.keep(of, face, now=NOW, most=most) for face in faces]


async def names(store: SqlStore, of: int = ALICE, now: float = NOW) -> list[str]:
    return [face.name for face in await store.faces.all_of(of, now=now)]


async def test_a_face_is_found_by_its_name_whatever_its_capitals(store: SqlStore) -> None:
    assert await kept(store, EVA) == [True]
    assert await store.faces.find(ALICE, "eVA", now=NOW) == EVA
    assert await store.faces.find(ALICE, "Adam", now=NOW) is None


async def test_a_member_finds_only_their_own_faces(store: SqlStore) -> None:
    await kept(store, EVA, named("Adam", default=True))
    assert await names(store, BOB) == []
    assert await store.faces.find(BOB, "Eva", now=NOW) is None
    assert await store.faces.find(BOB, None, now=NOW) is None
    assert not await store.faces.choose(BOB, "Eva", now=NOW)
    assert not await store.faces.drop(BOB, "Eva")
    assert await store.faces.drop_all(BOB) == 0
    assert await names(store) == ["Adam", "Eva"]


async def test_a_face_of_the_same_name_replaces_the_former_one_and_stays_the_default(
    store: SqlStore,
) -> None:
    await kept(store, named("Eva", default=True))
    again = SealedFace(Face("EVA", 9, saved_at=1500.0, expires_at=2500.0), b"another")
    assert await kept(store, again, most=1) == [True]
    found = await store.faces.find(ALICE, None, now=NOW)
    assert found == replace(again, face=replace(again.face, is_default=True))


async def test_there_is_at_most_one_default_face(store: SqlStore) -> None:
    await kept(store, named("a", default=True), named("b", default=True), named("c"))
    assert [face.name for face in await store.faces.all_of(ALICE, now=NOW) if face.is_default] == ["b"]
    assert await store.faces.choose(ALICE, "C", now=NOW)
    assert [face.name for face in await store.faces.all_of(ALICE, now=NOW) if face.is_default] == ["c"]
    assert not await store.faces.choose(ALICE, "nobody", now=NOW)
    assert (await store.faces.find(ALICE, None, now=NOW)) == named("c", default=True)
    assert await store.faces.choose(ALICE, None, now=NOW)
    assert await store.faces.find(ALICE, None, now=NOW) is None


async def test_an_expired_face_is_not_found_and_does_not_count(store: SqlStore) -> None:
    await kept(store, named("Eva", default=True), most=1)
    late = EVA.face.expires_at
    assert await names(store, now=late) == []
    assert await store.faces.find(ALICE, "Eva", now=late) is None
    assert await store.faces.find(ALICE, None, now=late) is None
    assert not await store.faces.choose(ALICE, "Eva", now=late)
    new = replace(EVA, face=replace(EVA.face, name="Adam", expires_at=late + 1))
    assert await store.faces.keep(ALICE, new, now=late, most=1)
    assert await store.faces.sweep(late) == 0


async def test_sweeping_deletes_only_expired_faces(store: SqlStore) -> None:
    await kept(store, EVA, replace(EVA, face=replace(EVA.face, name="young", expires_at=3000.0)))
    assert await store.faces.sweep(EVA.face.expires_at) == 1
    assert await names(store) == ["young"]


async def test_all_faces_of_a_member_are_deleted_at_once(store: SqlStore) -> None:
    await kept(store, EVA, named("Adam"))
    await kept(store, EVA, of=BOB)
    assert await store.faces.drop(ALICE, "EVA")
    assert not await store.faces.drop(ALICE, "Eva")
    assert await store.faces.drop_all(ALICE) == 1
    assert await names(store, BOB) == ["Eva"]


@pytest.mark.parametrize("most", [1, 3])
async def test_racing_saves_do_not_exceed_the_limit(store: SqlStore, most: int) -> None:
    every = [named(f"face {number}") for number in range(6)]
    done = await asyncio.gather(*(store.faces.keep(ALICE, face, now=NOW, most=most) for face in every))
    assert sum(done) == len(await names(store)) == most
