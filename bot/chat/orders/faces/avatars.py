"""Avatars as the faces of orders."""

from collections.abc import Mapping
from dataclasses import dataclass

import discord

from bot.chat.orders.attachments import FirstFrame, Upload
from bot.chat.orders.faces.face_sheets import OrderFile, uploads_of
from bot.chat.orders.faces.saved_faces import SavedFile
from bot.chat.orders.reorder import PreviousInput
from bot.models import FaceModel

SIZE = 1024


class NoAvatar(Exception):
    """The member has only one of Discord's default avatars."""


@dataclass(frozen=True, slots=True)
class AvatarFile:
    """Avatar of a member as an `Upload`. It may change, so Segmind receives the bytes."""

    avatar_of: int
    asset: discord.Asset
    filename: str = "avatar.png"
    size: int = 0
    content_type: str | None = "image/png"
    url: str = ""

    async def read(self) -> bytes:
        return await self.asset.read()


def avatar_file(member: discord.Member | discord.User) -> AvatarFile:
    """The avatar that this server sees; raises `NoAvatar`."""
    own = member.guild_avatar if isinstance(member, discord.Member) else None
    asset = own or member.avatar
    if asset is None:
        raise NoAvatar
    return AvatarFile(member.id, asset.replace(size=SIZE, static_format="png", format="png"))


def has_agreed(model: type[FaceModel], files: Mapping[str, OrderFile]) -> bool:
    """Return True for saved faces of the member's own or a shared avatar: their people agreed."""
    face = files.get(model.face_slot())
    return face is not None and all(map(_is_agreed, uploads_of(face)))


def _is_agreed(photo: Upload) -> bool:
    photo = photo.animation if isinstance(photo, FirstFrame) else photo
    return isinstance(photo, SavedFile | AvatarFile) or (isinstance(photo, PreviousInput) and photo.agreed)


def avatar_owner(model: type[FaceModel], files: Mapping[str, OrderFile]) -> int | None:
    """Member whose avatar is the face of an order, if any."""
    face = files.get(model.face_slot())
    if isinstance(face, FirstFrame):
        face = face.animation
    return face.avatar_of if isinstance(face, AvatarFile | PreviousInput) else None
