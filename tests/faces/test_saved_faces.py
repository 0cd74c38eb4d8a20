"""What becomes of a picture that is saved, and who gets it back."""

import asyncio
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from bot.faces.cipher import FaceCipher
from bot.faces.face import BadName, FacesOff, NoSuchFace, TooManyFaces, UnreadableFace
from bot.faces.normalize import LONGEST_SIDE, NoPicture, portrait
from bot.faces.saved_faces import DAY, SavedFaces
from bot.jobs.ports import StoreAway
from bot.media.probe import Limits, UnusableMedia
from bot.store import SqlStore
from bot.store.repositories.faces import SqlFaceRepository
from tests.clocks import LeapingClock
from tests.harness import empty_database
from tests.media.files import noise, picture, saved, turned, video
from tests.patience import PATIENCE

ALICE, BOB = 1001, 1002
OLD, NEW = (b64encode(bytes([number]) * 32).decode() for number in (251, 255))
LIMITS = Limits()


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
    return album_with(store, clock, OLD)


def album_with(store: SqlStore, clock: LeapingClock, *keys: str) -> SavedFaces:
    return SavedFaces(store.faces, FaceCipher(keys) if keys else None, clock, LIMITS, days=30, per_member=2)


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


# The picture


async def test_a_saved_face_comes_back_as_the_same_picture(saved_faces: SavedFaces) -> None:
    await saved_faces.save(ALICE, " Eva  Green\n", picture("PNG"))
    face = await saved_faces.find(ALICE, "eva green")
    assert (face.name, face.filename) == ("Eva Green", "face.jpg")
    assert opened(face.content).size == (96, 72)


@pytest.mark.parametrize("size", [(3000, 1500), (1500, 3000)])
def test_the_longest_side_is_bounded_and_the_proportions_stay(size: tuple[int, int]) -> None:
    shown = opened(portrait(saved(Image.new("RGB", size), "JPEG"), LIMITS).content).size
    assert max(shown) == LONGEST_SIDE
    assert min(shown) == LONGEST_SIDE // 2


def test_nothing_is_left_of_what_stood_beside_the_pixels() -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret words"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 0.0)
    for plugin in ("JPEG", "PNG", "WEBP"):
        made = portrait(saved(noise(), plugin, exif=exif.tobytes(), comment="secret words"), LIMITS).content
        assert b"secret" not in made
        assert not opened(made).getexif()
        assert set(opened(made).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_face_is_kept_as_it_is_shown(orientation: int) -> None:
    made = opened(portrait(turned("JPEG", orientation), LIMITS).content)
    assert made.size == ((72, 96) if orientation > 4 else (96, 72))


def test_what_can_be_seen_through_stays_so_and_costs_a_png() -> None:
    made = portrait(saved(Image.new("RGBA", (64, 64), (255, 0, 0, 0)), "PNG"), LIMITS)
    assert made.suffix == ".png"
    assert opened(made.content).convert("RGBA").getpixel((5, 5)) == (255, 0, 0, 0)


def test_unusual_colours_become_the_usual_ones() -> None:
    dull = Image.new("RGB", (64, 64), (128, 128, 128))
    profile = ImageCms.ImageCmsProfile(
        ImageCms.createProfile("sRGB")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    ).tobytes()
    for given in (profile, b"no profile at all"):
        made = opened(portrait(saved(dull, "PNG", icc_profile=given), LIMITS).content)
        red: Any = made.convert("L").getpixel((5, 5))
        assert abs(red - 128) <= 2


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_picture_becomes_one_that_models_take(mode: str) -> None:
    image = Image.new("L", (64, 64), 200)
    given = Image.new("I;16", (64, 64), 200 * 256) if mode == "I;16" else image.convert(mode)
    made = opened(portrait(saved(given, "PNG"), LIMITS).content)
    value: Any = made.convert("L").getpixel((9, 9))
    assert abs(value - (255 if mode == "1" else 200)) <= 2


@pytest.mark.parametrize("content", [b"", b"words", picture("PNG")[:200]])
async def test_what_is_no_picture_is_refused_and_not_kept(saved_faces: SavedFaces, content: bytes) -> None:
    with pytest.raises(UnusableMedia):
        await saved_faces.save(ALICE, "Eva", content)
    assert await saved_faces.all_of(ALICE) == []


async def test_a_video_is_no_face(saved_faces: SavedFaces) -> None:
    with pytest.raises(NoPicture):
        await saved_faces.save(ALICE, "Eva", video())


# Whose it is


async def test_what_is_stored_is_no_picture_and_opens_for_its_owner_alone(
    saved_faces: SavedFaces, store: SqlStore, clock: LeapingClock
) -> None:
    await saved_faces.save(ALICE, "Eva", picture("PNG"))
    kept = await store.faces.find(ALICE, "Eva", now=clock.now())
    assert kept is not None
    assert b"JFIF" not in kept.sealed
    # A row that somebody moved to another member by hand.
    assert await store.faces.keep(BOB, kept, now=clock.now(), most=9)
    with pytest.raises(UnreadableFace):
        await saved_faces.find(BOB, "Eva")
    assert opened((await saved_faces.find(ALICE, "Eva")).content).size == (96, 72)


async def test_a_sealed_face_that_was_tampered_with_does_not_open(
    saved_faces: SavedFaces, store: SqlStore, clock: LeapingClock
) -> None:
    await saved_faces.save(ALICE, "Eva", picture("PNG"))
    kept = await store.faces.find(ALICE, "Eva", now=clock.now())
    assert kept is not None
    middle = len(kept.sealed) // 2
    bent = kept.sealed[:middle] + b"AAAA" + kept.sealed[middle + 4 :]
    await store.faces.keep(ALICE, replace(kept, sealed=bent), now=clock.now(), most=9)
    with pytest.raises(UnreadableFace):
        await saved_faces.find(ALICE, "Eva")


async def test_a_new_key_in_front_of_the_old_one_opens_what_both_of_them_sealed(
    store: SqlStore, clock: LeapingClock
) -> None:
    await album_with(store, clock, OLD).save(ALICE, "old", picture("PNG"))
    both = album_with(store, clock, NEW, OLD)
    await both.save(ALICE, "new", picture("PNG"))
    assert (await both.find(ALICE, "old")).content == (await both.find(ALICE, "new")).content
    alone = album_with(store, clock, NEW)
    assert (await alone.find(ALICE, "new")).name == "new"
    with pytest.raises(UnreadableFace):
        await alone.find(ALICE, "old")


def test_keys_may_be_written_in_either_alphabet_of_base64() -> None:
    other = urlsafe_b64encode(bytes([251]) * 32).decode()
    assert other != OLD
    assert FaceCipher([other]).open(ALICE, FaceCipher([OLD]).close(ALICE, b"face")) == b"face"


async def test_without_a_key_nothing_is_kept_or_opened_yet_everything_can_be_deleted(
    saved_faces: SavedFaces, store: SqlStore, clock: LeapingClock
) -> None:
    await saved_faces.save(ALICE, "Eva", picture("PNG"), default=True)
    off = album_with(store, clock)
    assert not off.is_open
    with pytest.raises(FacesOff):
        await off.save(ALICE, "Adam", picture("PNG"))
    with pytest.raises(FacesOff):
        await off.find(ALICE, "Eva")
    assert await off.default_of(ALICE) is None
    assert [face.name for face in await off.all_of(ALICE)] == ["Eva"]
    await off.delete(ALICE, "Eva")
    assert await off.forget(ALICE) == 0


# Names, defaults and how long


@pytest.mark.parametrize("name", ["", " \n", "x" * 33, "\u202e"])
async def test_a_name_is_one_that_can_be_read_and_typed(saved_faces: SavedFaces, name: str) -> None:
    with pytest.raises(BadName):
        await saved_faces.save(ALICE, name, picture("PNG"))


async def test_the_default_face_is_the_one_that_was_chosen_last(saved_faces: SavedFaces) -> None:
    assert await saved_faces.default_of(ALICE) is None
    await saved_faces.save(ALICE, "Eva", picture("PNG"), default=True)
    await saved_faces.save(ALICE, "Adam", picture("PNG"))
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
    for audit_entry in (saved_faces.choose(ALICE, "nobody"), saved_faces.delete(ALICE, "nobody")):
        with pytest.raises(NoSuchFace):
            await audit_entry


async def test_a_member_keeps_no_more_than_may_be_and_may_replace_one(saved_faces: SavedFaces) -> None:
    await saved_faces.save(ALICE, "one", picture("PNG"))
    await saved_faces.save(ALICE, "two", picture("PNG"))
    with pytest.raises(TooManyFaces):
        await saved_faces.save(ALICE, "three", picture("PNG"))
    await saved_faces.save(ALICE, "TWO", picture("PNG"))
    assert [face.name for face in await saved_faces.all_of(ALICE)] == ["one", "TWO"]


async def test_a_face_is_forgotten_when_its_days_are_over(
    saved_faces: SavedFaces, store: SqlStore, clock: LeapingClock
) -> None:
    face = await saved_faces.save(ALICE, "Eva", picture("PNG"))
    assert face.expires_at == clock.now() + 30 * DAY
    clock.time = face.expires_at - 1
    assert await saved_faces.sweep() == 0
    clock.time = face.expires_at
    with pytest.raises(NoSuchFace):
        await saved_faces.find(ALICE, "Eva")
    assert await saved_faces.sweep() == 1
    assert await store.faces.all_of(ALICE, now=0) == []


class Restless(SqlFaceRepository):
    """A database that is away at first."""

    asked = 0

    async def sweep(self, now: float) -> int:
        self.asked += 1
        if self.asked == 1:
            raise StoreAway
        return await super().sweep(now)


async def test_faces_are_swept_for_as_long_as_the_bot_runs(store: SqlStore, clock: LeapingClock) -> None:
    restless = Restless(vars(store.faces)["_transaction"])
    saved_faces = SavedFaces(restless, FaceCipher([OLD]), clock, LIMITS, days=0.5, per_member=2)
    await saved_faces.save(ALICE, "Eva", picture("PNG"))
    sweeping = asyncio.create_task(saved_faces.keep_swept())
    async with asyncio.timeout(PATIENCE):
        while await store.faces.all_of(ALICE, now=0):
            await asyncio.sleep(0)
    sweeping.cancel()
    with suppress(asyncio.CancelledError):
        await sweeping
    assert restless.asked > 12
