"""Saved faces: encrypted for their owner, named, and deleted when they expire."""

import asyncio
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from bot.faces.cipher import FaceCipher
from bot.faces.face import BadName, FacesOff, NoSuchFace, TooManyFaces, UnreadableFace
from bot.faces.saved_faces import SavedFaces
from bot.jobs.ports import StoreUnavailable
from bot.ledger.allowance import DAY
from bot.media.types import SmallCopy
from bot.store import SqlStore
from bot.store.repositories.faces import SqlFaceRepository
from tests.clocks import LeapingClock
from tests.harness import empty_database
from tests.media.files import picture
from tests.patience import PATIENCE

ALICE, BOB = 1001, 1002
OLD, NEW = (b64encode(bytes([number]) * 32).decode() for number in (251, 255))
PICTURE = SmallCopy(picture("JPEG"), ".jpg")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[SqlStore]:
    file = tmp_path / "doppel.db"
    file.write_bytes(await empty_database())
    async with SqlStore(f"sqlite:///{file}", start=0, clock=LeapingClock()) as opened:
        yield opened


@pytest.fixture
def clock() -> LeapingClock:
    return LeapingClock()


@pytest.fixture
def saved_faces(store: SqlStore, clock: LeapingClock) -> SavedFaces:
    return saved_faces_with(store, clock, OLD)


def saved_faces_with(store: SqlStore, clock: LeapingClock, *keys: str) -> SavedFaces:
    return SavedFaces(store.faces, FaceCipher(keys) if keys else None, clock, days=30, per_member=2)


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


async def test_a_saved_face_comes_back_as_the_same_picture(saved_faces: SavedFaces) -> None:
    await saved_faces.save(ALICE, " Eva  Green\n", PICTURE)
    face = await saved_faces.find(ALICE, "eva green")
    assert (face.name, face.filename) == ("Eva Green", "face.jpg")
    assert opened(face.content).size == (96, 72)


# Encryption


async def test_a_stored_face_is_encrypted_and_only_its_owner_can_open_it(
    saved_faces: SavedFaces, store: SqlStore, clock: LeapingClock
) -> None:
    await saved_faces.save(ALICE, "Eva", PICTURE)
    stored = await store.faces.find(ALICE, "Eva", now=clock.now())
    assert stored is not None
    assert b"JFIF" not in stored.sealed
    # A row that somebody moved to another member by hand.
    assert await store.faces.keep(BOB, stored, now=clock.now(), most=9)
    with pytest.raises(UnreadableFace):
        await saved_faces.find(BOB, "Eva")
    assert opened((await saved_faces.find(ALICE, "Eva")).content).size == (96, 72)


async def test_a_face_that_was_tampered_with_does_not_open(
    saved_faces: SavedFaces, store: SqlStore, clock: LeapingClock
) -> None:
    await saved_faces.save(ALICE, "Eva", PICTURE)
    stored = await store.faces.find(ALICE, "Eva", now=clock.now())
    assert stored is not None
    middle = len(stored.sealed) // 2
    tampered = stored.sealed[:middle] + b"AAAA" + stored.sealed[middle + 4 :]
    await store.faces.keep(ALICE, replace(stored, sealed=tampered), now=clock.now(), most=9)
    with pytest.raises(UnreadableFace):
        await saved_faces.find(ALICE, "Eva")


async def test_a_new_key_before_the_old_one_opens_the_faces_of_both(
    store: SqlStore, clock: LeapingClock
) -> None:
    await saved_faces_with(store, clock, OLD).save(ALICE, "old", PICTURE)
    both = saved_faces_with(store, clock, NEW, OLD)
    await both.save(ALICE, "new", PICTURE)
    assert (await both.find(ALICE, "old")).content == (await both.find(ALICE, "new")).content
    only_new = saved_faces_with(store, clock, NEW)
    assert (await only_new.find(ALICE, "new")).name == "new"
    with pytest.raises(UnreadableFace):
        await only_new.find(ALICE, "old")


def test_keys_may_use_the_standard_or_the_urlsafe_alphabet_of_base64() -> None:
    urlsafe_key = urlsafe_b64encode(bytes([251]) * 32).decode()
    assert urlsafe_key != OLD
    assert FaceCipher([urlsafe_key]).decrypt(ALICE, FaceCipher([OLD]).encrypt(ALICE, b"face")) == b"face"


async def test_without_a_key_faces_can_only_be_listed_and_deleted(
    saved_faces: SavedFaces, store: SqlStore, clock: LeapingClock
) -> None:
    await saved_faces.save(ALICE, "Eva", PICTURE, default=True)
    without_key = saved_faces_with(store, clock)
    assert not without_key.enabled
    with pytest.raises(FacesOff):
        await without_key.save(ALICE, "Adam", PICTURE)
    with pytest.raises(FacesOff):
        await without_key.find(ALICE, "Eva")
    assert await without_key.default_of(ALICE) is None
    assert [face.name for face in await without_key.all_of(ALICE)] == ["Eva"]
    await without_key.delete(ALICE, "Eva")
    assert await without_key.forget(ALICE) == 0


# Names, defaults and expiry


@pytest.mark.parametrize("name", ["", " \n", "x" * 33, "\u202e"])
async def test_a_name_needs_printable_characters_and_a_limited_length(
    saved_faces: SavedFaces, name: str
) -> None:
    with pytest.raises(BadName):
        await saved_faces.save(ALICE, name, PICTURE)


async def test_the_face_chosen_last_is_the_default(saved_faces: SavedFaces) -> None:
    assert await saved_faces.default_of(ALICE) is None
    await saved_faces.save(ALICE, "Eva", PICTURE, default=True)
    await saved_faces.save(ALICE, "Adam", PICTURE)
    found = await saved_faces.default_of(ALICE)
    assert found is not None
    assert found.name == "Eva"
    await saved_faces.choose(ALICE, "ADAM")
    assert [(face.name, face.is_default) for face in await saved_faces.all_of(ALICE)] == [
        ("Adam", True),
        ("Eva", False),
    ]
    await saved_faces.choose(ALICE, None)
    assert await saved_faces.default_of(ALICE) is None
    for call in (saved_faces.choose(ALICE, "nobody"), saved_faces.delete(ALICE, "nobody")):
        with pytest.raises(NoSuchFace):
            await call


async def test_a_member_at_the_limit_can_only_replace_faces(saved_faces: SavedFaces) -> None:
    await saved_faces.save(ALICE, "one", PICTURE)
    await saved_faces.save(ALICE, "two", PICTURE)
    with pytest.raises(TooManyFaces):
        await saved_faces.save(ALICE, "three", PICTURE)
    await saved_faces.save(ALICE, "TWO", PICTURE)
    assert [face.name for face in await saved_faces.all_of(ALICE)] == ["one", "TWO"]


async def test_a_face_expires_after_its_days(
    saved_faces: SavedFaces, store: SqlStore, clock: LeapingClock
) -> None:
    face = await saved_faces.save(ALICE, "Eva", PICTURE)
    assert face.expires_at == clock.now() + 30 * DAY
    clock.time = face.expires_at - 1
    assert await saved_faces.sweep() == 0
    clock.time = face.expires_at
    with pytest.raises(NoSuchFace):
        await saved_faces.find(ALICE, "Eva")
    assert await saved_faces.sweep() == 1
    assert await store.faces.all_of(ALICE, now=0) == []


class UnavailableAtFirst(SqlFaceRepository):
    """Repository whose database is unavailable for the first sweep."""

    sweeps = 0

    async def sweep(self, now: float) -> int:
        self.sweeps += 1
        if self.sweeps == 1:
            raise StoreUnavailable("the disk is full")
        return await super().sweep(now)


async def test_expired_faces_are_swept_again_after_the_database_was_unavailable(
    store: SqlStore, clock: LeapingClock
) -> None:
    repository = UnavailableAtFirst(vars(store.faces)["_transaction"])
    saved_faces = SavedFaces(repository, FaceCipher([OLD]), clock, days=0.5, per_member=2)
    await saved_faces.save(ALICE, "Eva", PICTURE)
    sweeping = asyncio.create_task(saved_faces.run())
    async with asyncio.timeout(PATIENCE):
        while await store.faces.all_of(ALICE, now=0):
            await asyncio.sleep(0)
    sweeping.cancel()
    with suppress(asyncio.CancelledError):
        await sweeping
    assert repository.sweeps > 12
