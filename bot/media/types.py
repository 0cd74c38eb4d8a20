"""Facts about a file, its limits, and the errors of files that cannot be used.

    UnusableMedia
    ├── Unrecognised       no picture or video
    ├── Unsupported        a known format that the bot does not accept
    │   └── Animated       an animation in a format for still pictures
    ├── TooLarge           bytes
    ├── TooManyPixels      width times height
    ├── TooSmall           the shorter side
    ├── TooLong            seconds
    ├── TooManyFrames      pictures in a video
    └── Damaged            a supported format with invalid bytes
        └── Truncated      the end is missing

The exceptions carry facts; `bot.chat.errors` words the messages that members read.
"""

from dataclasses import dataclass, replace
from typing import Literal

from bot.models import MediaKind


@dataclass(frozen=True, slots=True)
class Media:
    """File that can be used. `width` and `height` are as displayed, after the rotation in its metadata."""

    kind: MediaKind
    media_type: str
    suffix: str
    size: int
    width: int
    height: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a file. The defaults also bound the memory that inspecting it takes."""

    picture_bytes: int = 20 * 1024 * 1024
    video_bytes: int = 50 * 1024 * 1024
    # 8192 x 6144, just enough for a phone with 50 megapixels.
    pixels: int = 50_331_648
    # 4096 x 2304: fewer than in a picture, because a video decoder keeps up to 16 frames in memory.
    frame_pixels: int = 9_437_184
    video_seconds: float = 60.0
    # A minute at 240 frames a second.
    frames: int = 14_400
    min_side: int = 32

    def at_most(self, *, picture_bytes: int, video_bytes: int, video_seconds: float) -> "Limits":
        """Return these limits, lowered to the given ones where those are lower."""
        return replace(
            self,
            picture_bytes=min(self.picture_bytes, picture_bytes),
            video_bytes=min(self.video_bytes, video_bytes),
            video_seconds=min(self.video_seconds, video_seconds),
        )

    def bytes_of(self, kind: MediaKind) -> int:
        return self.picture_bytes if kind is MediaKind.PICTURE else self.video_bytes


class UnusableMedia(Exception):
    """Base of all errors of files that cannot be used; each names a cause that the member can act on."""


class Unrecognised(UnusableMedia):
    """The file is no picture or video, whatever its name says."""

    def __init__(self, found: Literal["nothing", "text", "html", "unknown"]) -> None:
        super().__init__(found)
        self.found = found


class Unsupported(UnusableMedia):
    """The format is known but not accepted: a media type, with `; codecs=` if the codec is the reason."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found


class Animated(Unsupported):
    """The file is an animated PNG or WebP; using only its first frame would surprise the member."""


class TooLarge(UnusableMedia):
    """The file has more bytes than allowed for its kind."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(size, limit)
        self.size = size
        self.limit = limit


class TooManyPixels(UnusableMedia):
    """The header declares more pixels than allowed; nothing was decoded."""

    def __init__(self, width: int, height: int, limit: int) -> None:
        super().__init__(width, height, limit)
        self.width = width
        self.height = height
        self.limit = limit


class TooSmall(UnusableMedia):
    """A side is shorter than allowed."""

    def __init__(self, width: int, height: int, limit: int) -> None:
        super().__init__(width, height, limit)
        self.width = width
        self.height = height
        self.limit = limit


class TooLong(UnusableMedia):
    """The video is longer than allowed; `seconds` is a lower bound above the limit."""

    def __init__(self, seconds: float, limit: float) -> None:
        super().__init__(seconds, limit)
        self.seconds = seconds
        self.limit = limit


class TooManyFrames(UnusableMedia):
    """The video has more frames than allowed, although its length is allowed."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class Damaged(UnusableMedia):
    """The format is accepted (`found`, a media type), but the file cannot be decoded."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found


class Truncated(Damaged):
    """The file ends earlier than it declares, as after an interrupted upload."""
