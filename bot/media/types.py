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
    ├── TooCostly          time or memory to decode
    ├── Damaged            a supported format with invalid bytes
    │   └── Truncated      the end is missing
    ├── Explicit           the safety gate refuses it
    └── NoPicture          a video where only a picture helps

The exceptions carry facts; `bot.chat.errors` words the messages that members read.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from bot.media.fingerprints import Fingerprint
from bot.media.watermark.code import MarkCode
from bot.media_kind import MediaKind


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
class SmallCopy:
    """A picture as members see it: upright, no larger than needed, and without metadata."""

    content: bytes
    suffix: str
    """Suffix of its name, with the dot."""


@dataclass(frozen=True, slots=True)
class InspectedFile:
    """All that decoding a file once tells about it."""

    media: Media
    fingerprint: Fingerprint
    small_copy: SmallCopy | None = None
    """Only of a picture, and only if it was asked for."""
    converted: bytes | None = None
    """The file in a format that Segmind takes, where the member's is another; `media` describes this one."""
    doubtful: bool = False
    """True if the safety gate is in doubt about it."""
    loops: int | None = None
    """Number of times that an animation is shown, 0 for ever; None for any other file."""


class Judgement(StrEnum):
    """Judgement of the safety gate about a file, from harmless to explicit."""

    SAFE = "safe"
    DOUBTFUL = "doubtful"
    """A moderator has to decide."""
    UNJUDGED = "unjudged"
    """The gate could not judge the file."""
    EXPLICIT = "explicit"


class Compromise(StrEnum):
    """Format that a result got instead of a plain GIF, to fit the limit of its place."""

    REDUCED = "gif_reduced"
    """A GIF with fewer frames, colours and pixels."""
    WEBP = "gif_as_webp"
    VIDEO = "gif_as_video"


@dataclass(frozen=True, slots=True)
class Fitted:
    """Result that fits the limit of its place, with the mark of origin."""

    content: bytes
    media_type: str
    suffix: str
    compromise: Compromise | None = None


@dataclass(frozen=True, slots=True)
class MarkedResult:
    """Result with the mark of origin."""

    media: Media
    content: bytes | None
    """None if it is larger than its place allows."""


@dataclass(frozen=True, slots=True)
class DetectedMark:
    """Signs in a file that the bot made it."""

    code: MarkCode | None
    fingerprint: Fingerprint


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
    explicit: float | None = None
    """Probability from which the safety gate refuses a file as explicit; None turns the gate off."""
    doubtful: float | None = None
    """Probability from which a moderator has to look at the result; None if none has to."""

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


@dataclass(frozen=True, slots=True)
class FaceBox:
    """Position of a face, in fractions of the width and height of its picture."""

    left: float
    top: float
    right: float
    bottom: float


class UnusableMedia(Exception):
    """Base of all errors of files that cannot be used; each names a cause that the member can act on."""


@dataclass(eq=False)
class Unrecognised(UnusableMedia):
    """The file is not a picture or video, whatever its name says."""

    found: Literal["nothing", "text", "html", "unknown"]


@dataclass(eq=False)
class Unsupported(UnusableMedia):
    """The format is known but not accepted: a media type, with `; codecs=` if the codec is the reason."""

    found: str


class Animated(Unsupported):
    """The file is an animated picture; using only its first frame would surprise the member."""


@dataclass(eq=False)
class TooLarge(UnusableMedia):
    """The file has more bytes than allowed for its kind."""

    size: int
    limit: int


@dataclass(eq=False)
class TooManyPixels(UnusableMedia):
    """The header declares more pixels than allowed; nothing was decoded."""

    width: int
    height: int
    limit: int


@dataclass(eq=False)
class TooSmall(UnusableMedia):
    """A side is shorter than allowed."""

    width: int
    height: int
    limit: int


@dataclass(eq=False)
class TooLong(UnusableMedia):
    """The video is longer than allowed; `seconds` is a lower bound above the limit."""

    seconds: float
    limit: float


@dataclass(eq=False)
class TooManyFrames(UnusableMedia):
    """The video has more frames than allowed, although its length is allowed."""

    limit: int


class TooCostly(UnusableMedia):
    """Decoding the file takes more time or memory than allowed, or crashes the decoder."""


@dataclass(eq=False)
class Damaged(UnusableMedia):
    """The format is accepted (`found`, a media type), but the file cannot be decoded."""

    found: str


class Truncated(Damaged):
    """The file ends earlier than it declares, as after an interrupted upload."""


class Explicit(UnusableMedia):
    """The safety gate judges the file as sexually explicit."""


class NoPicture(UnusableMedia):
    """The file is a video, but a picture is needed."""


@dataclass(eq=False)
class CannotFit(Exception):
    """No acceptable rendering of the file is within the limit."""

    size: int
    limit: int
