"""The outermost elements of a WebM file."""

from bot.media.types import Damaged, Truncated

MEDIA_TYPE = "video/webm"

_SEGMENT = 0x18538067
_MOST_ELEMENTS = 100


def check(content: bytes) -> None:
    """Raise unless there is a segment, and all of it. A live recording does not say how long it is."""
    at = 0
    for _ in range(_MOST_ELEMENTS):
        name, at, _ = _number(content, at, with_marker=True)
        size, at, unknown = _number(content, at)
        if name == _SEGMENT and unknown:
            return
        if at + size > len(content):
            raise Truncated(MEDIA_TYPE)
        if name == _SEGMENT:
            return
        at += size
    raise Damaged(MEDIA_TYPE)


def _number(content: bytes, at: int, *, with_marker: bool = False) -> tuple[int, int, bool]:
    """A number whose leading zero bits say how many bytes it has; where it ends; whether it is all ones."""
    if at >= len(content):
        raise Truncated(MEDIA_TYPE)
    length = 9 - content[at].bit_length()
    if length > 8:  # noqa: PLR2004 - no bit is set
        raise Damaged(MEDIA_TYPE)
    ones = (1 << 7 * length) - 1
    number = int.from_bytes(content[at : at + length])
    return (number if with_marker else number & ones), at + length, number & ones == ones
