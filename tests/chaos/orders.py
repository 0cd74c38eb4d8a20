"""Random orders with files that identify their results."""

import random
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import Any

from PIL import Image

from bot.media import sniff
from bot.media_kind import MediaKind
from bot.models import FaceModel
from bot.sandbox.segmind import CannotRender, Rendering
from tests.chaos.leaks import CANARY
from tests.discord.entities import Guild, Member
from tests.discord.records import Attachment
from tests.discord.user import Reply
from tests.harness import MODELS
from tests.media.files import png_chunk, video

SIDE = 32
Colour = tuple[int, int, int]


class OrderKind(StrEnum):
    """Intended outcome of an order; the local Segmind reads FAILING and BLOCKED in the file names."""

    PLAIN = "plain"
    FAILING = "fail"
    BLOCKED = "blocked"
    UNUSABLE = "unusable"
    """Rejected before there is a job, because the file is not a picture."""


# Weights of the kinds.
_SHARES = {OrderKind.PLAIN: 88, OrderKind.FAILING: 5, OrderKind.BLOCKED: 4, OrderKind.UNUSABLE: 3}
_VIDEO_SHARE = 0.25
# The model of the path "fast" in the form of `/swap`.
BATCH_SLUG = "faceswap-v5"
_MOST_TARGETS = 4


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """A command to send, and the expected result."""

    slug: str
    kind: OrderKind
    options: Mapping[str, Any]
    colour: Colour | None
    """Colour of the resulting picture; None for a video."""


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order that a member sent, and the bot's reply."""

    planned: PlannedOrder
    member: Member
    guild: Guild
    reply: Reply
    at: float
    batch: Sequence[PlannedOrder] = ()
    """The order of each target, if there are several."""


class EchoEngine:
    """Engine that returns the target unchanged, so that every result shows whose it is."""

    async def render(self, slug: str, parameters: Mapping[str, Any], media: Mapping[str, bytes]) -> Rendering:
        del slug, parameters
        target = next((media[name] for name in media if name.startswith("target")), None)
        if target is None:
            raise CannotRender("There is no target to put the face in.")
        return Rendering(target, sniff.media_type(target), {})


def plan_order(dice: random.Random) -> PlannedOrder:
    slug = dice.choice(sorted(MODELS))
    (kind,) = dice.choices(list(_SHARES), list(_SHARES.values()))
    colour = (dice.randrange(256), dice.randrange(256), dice.randrange(256))
    options, moving = _inputs_of(MODELS[slug], kind, colour, dice)
    return PlannedOrder(slug, kind, options, None if moving else colour)


def plan_batch(dice: random.Random) -> tuple[Mapping[str, Any], Sequence[PlannedOrder]]:
    """Return the values of the form of `/swap` for several targets, and the order of each target."""
    kinds = [kind for kind in _SHARES if kind is not OrderKind.UNUSABLE]
    planned: list[PlannedOrder] = []
    for kind in dice.choices(kinds, [_SHARES[kind] for kind in kinds], k=dice.randint(2, _MOST_TARGETS)):
        colour = (dice.randrange(256), dice.randrange(256), dice.randrange(256))
        planned.append(PlannedOrder(BATCH_SLUG, kind, {}, colour))
    targets = [(f"{each.kind}-{CANARY}.png", plain_png(each.colour or (0, 0, 0))) for each in planned]
    values = {"face": [(f"{CANARY}.png", plain_png((9, 9, 9)))], "target": targets, "path": "fast"}
    return values, planned


def _inputs_of(
    model: type[FaceModel], kind: OrderKind, colour: Colour, dice: random.Random
) -> tuple[Mapping[str, Any], bool]:
    given: dict[str, Any] = {}
    moving = False
    for parameter in model.parameters():
        if parameter.type is str and parameter.default == "" and not (parameter.slot or parameter.choices):
            given[parameter.name] = f"a {CANARY} on the shoulder"
        if parameter.slot is None or not parameter.required:
            continue
        if kind is OrderKind.UNUSABLE:
            given[parameter.name] = (f"{CANARY}.png", b"these are words")
        elif MediaKind.VIDEO in parameter.slot.accepts and dice.random() < _VIDEO_SHARE:
            given[parameter.name], moving = (f"{kind}-{CANARY}.mp4", video()), True
        else:
            given[parameter.name] = (f"{kind}-{CANARY}.png", plain_png(colour))
    return given, moving


def plain_png(colour: Colour) -> bytes:
    """Return the smallest picture that the bot accepts, in one colour."""
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    rows = (b"\0" + bytes(colour) * SIDE) * SIDE
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def is_result_of(attachment: Attachment, to: PlannedOrder) -> bool:
    """Return whether an attachment is the result of this order."""
    if to.colour is None:
        return attachment.content[4:8] == b"ftyp"
    with Image.open(BytesIO(attachment.content)) as picture:
        return picture.convert("RGB").getpixel((0, 0)) == to.colour
