"""What a member orders in a storm: files that can be told apart again, and what should come of them."""

import random
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import Any

from PIL import Image

from bot.media import sniff
from bot.models import FaceModel, MediaKind
from bot.sandbox.segmind import CannotRender
from bot.sandbox.segmind.stamp import Stamped
from tests.chaos.leaks import CANARY
from tests.discord.entities import Guild, Member
from tests.discord.records import Attachment
from tests.discord.user import Reply
from tests.harness import MODELS
from tests.media.files import png_chunk, video

SIDE = 32
Colour = tuple[int, int, int]


class Wish(StrEnum):
    """What the order is made for; the local Segmind reads the middle two in the files' names."""

    PLAIN = "plain"
    FAILING = "fail"
    BLOCKED = "blocked"
    UNUSABLE = "unusable"
    """Refused before there is a job: a file that is no picture."""


# Of a hundred orders.
_SHARES = {Wish.PLAIN: 88, Wish.FAILING: 5, Wish.BLOCKED: 4, Wish.UNUSABLE: 3}
_VIDEO_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Wanted:
    slug: str
    wish: Wish
    options: Mapping[str, Any]
    colour: Colour | None
    """That of the result; none where it is a video."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An order that was typed, and the reply that became of it."""

    wanted: Wanted
    member: Member
    guild: Guild
    reply: Reply
    at: float


class Mirror:
    """An engine that gives the target back as it is, so that every result shows whose it is."""

    async def render(self, slug: str, parameters: Mapping[str, Any], media: Mapping[str, bytes]) -> Stamped:
        del slug, parameters
        target = next((media[name] for name in media if name.startswith("target")), None)
        if target is None:
            raise CannotRender("There is no target to put the face in.")
        return Stamped(target, sniff.media_type(target), {})


def wanted(dice: random.Random) -> Wanted:
    slug = dice.choice(sorted(MODELS))
    (wish,) = dice.choices(list(_SHARES), list(_SHARES.values()))
    colour = (dice.randrange(256), dice.randrange(256), dice.randrange(256))
    options, moving = _typed(MODELS[slug], wish, colour, dice)
    return Wanted(slug, wish, options, None if moving else colour)


def _typed(
    model: type[FaceModel], wish: Wish, colour: Colour, dice: random.Random
) -> tuple[Mapping[str, Any], bool]:
    given: dict[str, Any] = {}
    moving = False
    for parameter in model.parameters():
        if parameter.type is str and parameter.default == "" and not (parameter.slot or parameter.choices):
            given[parameter.name] = f"a {CANARY} on the shoulder"
        if parameter.slot is None or not parameter.required:
            continue
        if wish is Wish.UNUSABLE:
            given[parameter.name] = (f"{CANARY}.png", b"these are words")
        elif MediaKind.VIDEO in parameter.slot.accepts and dice.random() < _VIDEO_SHARE:
            given[parameter.name], moving = (f"{wish}-{CANARY}.mp4", video()), True
        else:
            given[parameter.name] = (f"{wish}-{CANARY}.png", plain_png(colour))
    return given, moving


def plain_png(colour: Colour) -> bytes:
    """The smallest picture that is taken, in one colour."""
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    rows = (b"\0" + bytes(colour) * SIDE) * SIDE
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def belongs(attachment: Attachment, to: Wanted) -> bool:
    """Whether this is the result of that order."""
    if to.colour is None:
        return attachment.content[4:8] == b"ftyp"
    with Image.open(BytesIO(attachment.content)) as picture:
        return picture.convert("RGB").getpixel((0, 0)) == to.colour
