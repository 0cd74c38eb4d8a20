"""WebM files: their top-level elements."""

from bot.media.types import Damaged, Truncated

MEDIA_TYPE = "video/webm"

_SEGMENT = 0x18538067
_MAX_ELEMENTS = 100


def check(content: bytes) -> None:
    """Raise unless the file contains a complete segment. A live recording does not declare its size."""
    at = 0
    for _ in range(_MAX_ELEMENTS):
        name, at, _ = _read_number(content, at, with_marker=True)
        size, at, unknown = _read_number(content, at)
        if name == _SEGMENT and unknown:
            return
        if at + size > len(content):
            raise Truncated(MEDIA_TYPE)
        if name == _SEGMENT:
            return
        at += size
    raise Damaged(MEDIA_TYPE)


def _read_number(content: bytes, at: int, *, with_marker: bool = False) -> tuple[int, int, bool]:
    """Read EBML's number of variable length: its value, its end, and whether it means an unknown size."""
    if at >= len(content):
        raise Truncated(MEDIA_TYPE)
    length = 9 - content[at].bit_length()
    if length > 8:  # noqa: PLR2004 - no bit is set
        raise Damaged(MEDIA_TYPE)
    ones = (1 << 7 * length) - 1
    number = int.from_bytes(content[at : at + length])
    return (number if with_marker else number & ones), at + length, number & ones == ones
