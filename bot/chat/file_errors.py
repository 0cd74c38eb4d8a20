"""Words what is wrong with the files of an order."""

from collections.abc import Mapping
from typing import Any

from bot.chat.orders.attachments import InputError, Unreadable, Unusable, UploadFailed, WrongKind
from bot.chat.orders.faces.face_sheets import UnclearPhoto
from bot.chat.orders.reorder import InputGone
from bot.chat.text import Text
from bot.chat.ui.amounts import duration, size
from bot.chat.ui.info_card import sanitize
from bot.faces.detection import FaceProblem
from bot.media import types as media_types
from bot.media_kind import MediaKind

_PHOTO_KEYS: Mapping[FaceProblem, str] = {
    "none": "refused.photo_none",
    "several": "refused.photo_several",
    "tiny": "refused.photo_tiny",
}

# Errors of files that carry no further facts.
_MEDIA_KEYS: Mapping[type[media_types.UnusableMedia], str] = {
    media_types.TooManyFrames: "too_many_frames",
    media_types.Animated: "animated",
    media_types.Truncated: "truncated",
    media_types.Damaged: "damaged",
    media_types.NoPicture: "no_picture",
    media_types.Explicit: "explicit",
    media_types.TooCostly: "too_costly",
}


def file_error(error: InputError, text: Text) -> str | None:
    """Sentence about a file of an order."""
    name = sanitize(error.name)
    match error:
        case Unreadable():
            return text("refused.unreadable", name=name)
        case UploadFailed():
            return text("refused.upload", name=name)
        case InputGone():
            return text("refused.input_gone", name=name)
        case WrongKind(found=found, accepts=accepts):
            return text(
                "refused.kind",
                option=error.option,
                name=name,
                found=text(f"kind.{found}"),
                accepts=_kinds(accepts, text),
            )
        case Unusable(reason=reason):
            return _media(reason, name, text)
        case UnclearPhoto(problem=problem):
            return text(_PHOTO_KEYS[problem], name=name)
        case _:
            return None


def _kinds(accepts: frozenset[MediaKind], text: Text) -> str:
    first, *others = [text(f"kind.{kind}") for kind in sorted(accepts)]
    return text("kind.or", first=first, second=others[0]) if others else first


def _media(reason: media_types.UnusableMedia, name: str, text: Text) -> str:
    if (key := _MEDIA_KEYS.get(type(reason))) is not None:
        return text(f"media.{key}", name=name)
    facts: dict[str, Any] = {}
    match reason:
        case media_types.TooLarge(size=found, limit=limit):
            key = "too_large"
            facts = {"size": size(found, text), "limit": size(limit, text)}
        case media_types.TooManyPixels(width=width, height=height):
            key, facts = "too_many_pixels", {"width": width, "height": height}
        case media_types.TooSmall(width=width, height=height, limit=limit):
            key, facts = "too_small", {"width": width, "height": height, "limit": limit}
        case media_types.TooLong(seconds=seconds, limit=limit):
            key = "too_long"
            facts = {"seconds": duration(seconds, text), "limit": duration(limit, text)}
        case media_types.Unsupported(found=found):
            key = "other_picture" if found.startswith("image/") else "unsupported"
            facts = {"found": sanitize(found)}
        case _:
            key = "unrecognised"
    return text(f"media.{key}", name=name, **facts)
