"""Avatars as the faces of orders."""

from collections.abc import Mapping
from dataclasses import dataclass

import discord

from bot.chat.orders.attachments import FirstFrame
from bot.chat.orders.face_sheets import OrderFile
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


def avatar_owner(model: type[FaceModel], files: Mapping[str, OrderFile]) -> int | None:
    """Member whose avatar is the face of an order, if any."""
    face = files.get(model.face_slot())
    if isinstance(face, FirstFrame):
        face = face.animation
    return face.avatar_of if isinstance(face, AvatarFile | PreviousInput) else None
