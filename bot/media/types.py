"""What can be said about a file: its kind and measures, the limits it must keep, and why it is refused.

    UnusableMedia
    ├── Unrecognised       nothing that has pixels
    ├── Unsupported        a format that is known and not taken
    │   └── Animated       a moving picture in a still picture's format
    ├── TooLarge           bytes
    ├── TooManyPixels      width times height
    ├── TooSmall           the shorter side
    ├── TooLong            seconds
    ├── TooManyFrames      pictures in a video
    └── Damaged            a format that is taken, with bytes that make no sense
        └── Truncated      the end is missing

The exceptions carry facts; the sentences that people read are worded elsewhere.
"""

from dataclasses import dataclass, replace
from typing import Literal

from bot.models import MediaKind


@dataclass(frozen=True, slots=True)
class Media:
    """A file that can be used. `width` and `height` are as shown, turned as its metadata asks."""

    kind: MediaKind
    media_type: str
    suffix: str
    size: int
    width: int
    height: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may measure. Each default is also what bounds the memory that looking at it takes."""

    picture_bytes: int = 20 * 1024 * 1024
    video_bytes: int = 50 * 1024 * 1024
    # 8192 x 6144, so that what a 50-megapixel phone takes is just let in.
    pixels: int = 50_331_648
    # A video decoder keeps up to 16 frames, hence the smaller number: 4096 x 2304.
    frame_pixels: int = 9_437_184
    video_seconds: float = 60.0
    # A minute at 240 frames a second.
    frames: int = 14_400
    min_side: int = 32

    def at_most(self, *, picture_bytes: int, video_bytes: int, video_seconds: float) -> "Limits":
        """The same limits, or these where they are narrower."""
        return replace(
            self,
            picture_bytes=min(self.picture_bytes, picture_bytes),
            video_bytes=min(self.video_bytes, video_bytes),
            video_seconds=min(self.video_seconds, video_seconds),
        )

    def bytes_of(self, kind: MediaKind) -> int:
        return self.picture_bytes if kind is MediaKind.PICTURE else self.video_bytes


class UnusableMedia(Exception):
    """The root: this file cannot be used, for a reason that its owner can do something about."""


class Unrecognised(UnusableMedia):
    """Not a format with pixels, whatever the file's name says."""

    def __init__(self, found: Literal["nothing", "text", "html", "unknown"]) -> None:
        super().__init__(found)
        self.found = found


class Unsupported(UnusableMedia):
    """A known format that is not taken: a media type, with `; codecs=` where the codec is the reason."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found


class Animated(Unsupported):
    """A moving PNG or WebP: using its first frame alone would surprise."""


class TooLarge(UnusableMedia):
    """More bytes than allowed for its kind."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(size, limit)
        self.size = size
        self.limit = limit


class TooManyPixels(UnusableMedia):
    """More pixels than allowed, by the header: nothing was decoded."""

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
    """Plays longer than allowed; `seconds` is what is known so far, which is more than the limit."""

    def __init__(self, seconds: float, limit: float) -> None:
        super().__init__(seconds, limit)
        self.seconds = seconds
        self.limit = limit


class TooManyFrames(UnusableMedia):
    """More frames than allowed within an allowed time."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class Damaged(UnusableMedia):
    """A format that is taken (`found`, a media type), but it cannot be decoded."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found


class Truncated(Damaged):
    """The file ends before it says it does, as after an upload that was cut off."""
