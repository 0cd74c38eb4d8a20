"""Saved faces in orders, in autocomplete and on cards."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from discord import app_commands

from bot.chat.interactions import Interaction
from bot.chat.orders.faces.face_sheets import FacePhotos, uploads_of
from bot.chat.orders.slash_command import saved_face_options
from bot.chat.text import Text
from bot.chat.ui.card import relative_timestamp
from bot.chat.ui.info_card import InfoCard, sanitize
from bot.chat.ui.uploads import AttachedFile
from bot.faces.face import NAME_LIMIT, Face
from bot.faces.saved_faces import OpenedFace, SavedFaces
from bot.models import FaceModel

log = structlog.stdlib.get_logger(__name__)

# Discord waits three seconds for choices or for a form.
STORE_TIMEOUT = 1.5


class BothFaces(Exception):
    """The order has both a file, as `option`, and a saved face."""

    def __init__(self, option: str) -> None:
        super().__init__(option)
        self.option = option


class NoFace(Exception):
    """The order has neither a file nor a saved face, and the member has no default face."""

    def __init__(self, option: str, *, can_save: bool) -> None:
        super().__init__(option)
        self.option = option
        self.can_save = can_save


@dataclass(frozen=True, slots=True)
class SavedFile:
    """Opened face as an `Upload`. It has no address, so Segmind receives the bytes."""

    face: OpenedFace
    content_type: str | None = None
    url: str = ""

    @property
    def filename(self) -> str:
        return self.face.filename

    @property
    def size(self) -> int:
        return len(self.face.content)

    async def read(self) -> bytes:
        return self.face.content


async def with_face(
    saved_faces: SavedFaces, owner: int, model: type[FaceModel], values: Mapping[str, Any]
) -> dict[str, Any]:
    """The values of an order, with its files and saved faces, or the default face, in the face slot."""
    given = {name: value for name, value in values.items() if value is not None}
    slot = model.face_slot()
    first, *others = (given.pop(option, None) for option in saved_face_options(model))
    if slot in given and first:
        raise BothFaces(slot)
    photos = [*uploads_of(given[slot])] if slot in given else []
    photos += [SavedFile(await saved_faces.find(owner, name)) for name in (first, *others) if name]
    if not photos:
        face = await saved_faces.default_of(owner)
        if face is None:
            raise NoFace(slot, can_save=saved_faces.enabled)
        photos = [SavedFile(face)]
    if len(photos) == 1:
        return {slot: photos[0], **given}
    everybody = range(len(photos))
    return {**model.pairing(everybody, everybody), **given, slot: FacePhotos(tuple(photos))}


async def faces_in_time(saved_faces: SavedFaces, owner: int) -> Sequence[Face]:
    """A member's saved faces that can be used, or none if the database takes longer than Discord waits."""
    if not saved_faces.enabled:
        return []
    try:
        async with asyncio.timeout(STORE_TIMEOUT):
            return await saved_faces.all_of(owner)
    except Exception as error:  # noqa: BLE001 - the member can still type a name or attach a file
        log.info("saved faces not offered", error=type(error).__name__)
        return []


async def face_choices(
    saved_faces: SavedFaces, interaction: Interaction, typed: str
) -> list[app_commands.Choice[str]]:
    found = await faces_in_time(saved_faces, interaction.user.id)
    return [
        app_commands.Choice(name=face.name, value=face.name)
        for face in found
        if typed.casefold().strip() in face.name.casefold()
    ]


def faces_card(faces: Sequence[Face], text: Text) -> InfoCard:
    lines = [_line(face, text) for face in faces] or [text("faces.none")]
    return InfoCard(text("faces.title"), lines, text, small=[text("faces.note")])


def saved_card(face: Face, text: Text) -> InfoCard:
    key = "faces.saved_default" if face.is_default else "faces.saved"
    line = text(key, name=face_name(face.name), until=relative_timestamp(face.expires_at))
    return InfoCard(text("faces.done"), [line], text, small=[text("faces.note")])


def face_picture(face: OpenedFace, text: Text) -> AttachedFile:
    return AttachedFile(face.content, face.filename, text("faces.alt", name=face.name))


def face_card(face: OpenedFace, picture: AttachedFile, text: Text) -> InfoCard:
    return InfoCard(text("faces.title"), [face_name(face.name)], text, pictures=[picture])


def deleted_card(name: str, text: Text) -> InfoCard:
    return InfoCard(text("faces.done"), [text("faces.deleted", name=face_name(name))], text)


def chosen_card(name: str | None, text: Text) -> InfoCard:
    line = text("faces.chosen_none") if name is None else text("faces.chosen", name=face_name(name))
    return InfoCard(text("faces.done"), [line], text)


def face_name(name: str) -> str:
    return f"`{sanitize(name, NAME_LIMIT)}`"


def _line(face: Face, text: Text) -> str:
    key = "faces.default_line" if face.is_default else "faces.line"
    return text(
        key,
        name=face_name(face.name),
        saved=relative_timestamp(face.saved_at),
        until=relative_timestamp(face.expires_at),
    )
