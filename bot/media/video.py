"""A video, walked through once and decoded as far as its first frame."""

from collections.abc import Generator
from contextlib import contextmanager
from fractions import Fraction
from io import BytesIO
from typing import NamedTuple

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from bot.media.formats import mp4, webm
from bot.media.types import (
    Damaged,
    Limits,
    TooLong,
    TooManyFrames,
    TooManyPixels,
    TooSmall,
    Truncated,
    Unsupported,
    UnusableMedia,
)

_CODECS = {"h264", "hevc", "vp8", "vp9", "av1"}
# Packets fed to the decoder before it must have shown something: more than the frames it may hold back.
_MOST_PACKETS_UNSHOWN = 64
# Sound comes in about fifty packets a second, and rarely with more than one track.
_MOST_OTHER_PACKETS = 50_000


class Shown(NamedTuple):
    width: int
    height: int
    seconds: float


@contextmanager
def opened(content: bytes, found: str) -> Generator[InputContainer]:
    """The demuxer of exactly this format, not decoding by itself; what it raises becomes `Damaged`.

    Naming the format keeps out the ones that open other files, such as playlists.
    """
    # Without the whitelist, opening would decode frames before anything could limit their size.
    options = {"codec_whitelist": "none"}
    demuxer = "matroska" if found == webm.MEDIA_TYPE else "mov"
    if demuxer == "mov":
        # Copying the tables for each entry of a hostile edit list takes minutes.
        options["advanced_editlist"] = "0"
    try:
        with av.open(
            BytesIO(content), "r", format=demuxer, container_options=options, metadata_errors="ignore"
        ) as file:
            yield file
    except UnusableMedia:
        raise
    except Exception as error:  # PyAV raises whatever a hostile byte leads it to.
        raise Damaged(found) from error


def shown(content: bytes, found: str, limits: Limits) -> Shown:
    if found == webm.MEDIA_TYPE:
        webm.check(content)
    else:
        mp4.check(content, found)
    with opened(content, found) as file:
        stream = picture_stream(file, found)
        _prepare(stream, limits)
        walk = _Walk(content, found, stream, limits, declared=(file.duration or 0) / av.time_base)
        for packet in file.demux():
            walk.take(packet)
        measured = walk.arrive()
    _check_size(measured.width, measured.height, limits)
    if min(measured.width, measured.height) < limits.min_side:
        raise TooSmall(measured.width, measured.height, limits.min_side)
    return measured


class _Walk:
    """What the packets of a video say, as against what its header claims."""

    def __init__(
        self, content: bytes, found: str, stream: VideoStream, limits: Limits, *, declared: float
    ) -> None:
        self._found = found
        self._stream = stream
        self._limits = limits
        self._declared = declared
        # A hostile table can point at the same bytes over and over.
        self._bytes_left = 2 * len(content)
        self._packets_left = limits.frames + _MOST_OTHER_PACKETS
        self._frames = 0
        self._spans: dict[int, tuple[Fraction, Fraction]] = {}
        self._first: VideoFrame | None = None

    def take(self, packet: Packet) -> None:
        self._bytes_left -= packet.size
        self._packets_left -= 1
        if packet.is_corrupt or self._bytes_left < 0 or self._packets_left < 0:
            raise Damaged(self._found)
        if packet.stream.index == self._stream.index:
            self._take_picture(packet)
        if isinstance(packet.stream, VideoStream | AudioStream):
            self._measure(packet)

    def arrive(self) -> Shown:
        if self._first is None:
            raise Damaged(self._found)
        # The header of a recording that was cut off still promises all of it.
        if self._declared > 2 * max(map(_length, self._spans.values()), default=0) + 1:
            raise Truncated(self._found)
        width, height = self._first.width, self._first.height
        if self._first.rotation % 180:
            width, height = height, width
        return Shown(width, height, _length(self._spans.get(self._stream.index, (0, 0))))

    def _take_picture(self, packet: Packet) -> None:
        self._frames += 1 if packet.size else 0
        if self._frames > self._limits.frames:
            raise TooManyFrames(self._limits.frames)
        if self._first is None and self._frames <= _MOST_PACKETS_UNSHOWN:
            # A packet without bytes comes last: it lets out what the decoder holds back.
            shown = self._stream.codec_context.decode(packet if packet.size else None)
            self._first = next(iter(shown), None)

    def _measure(self, packet: Packet) -> None:
        at = packet.pts if packet.pts is not None else packet.dts
        if not packet.size or at is None:
            return
        start = at * packet.time_base
        end = start + (packet.duration or 0) * packet.time_base
        earliest, latest = self._spans.get(packet.stream.index, (start, end))
        span = self._spans[packet.stream.index] = min(earliest, start), max(latest, end)
        limit = self._limits.video_seconds
        # Sound is coded in blocks, and the last one may reach beyond the picture.
        tolerance = 0 if packet.stream.index == self._stream.index else 1
        if _length(span) > limit + tolerance:
            raise TooLong(max(_length(span), self._declared), limit)


def _length(span: tuple[Fraction | int, Fraction | int]) -> float:
    start, end = span
    return float(end - start)


def picture_stream(file: InputContainer, found: str) -> VideoStream:
    for stream in file.streams.video:
        # Cover art is a picture stream too.
        if stream.disposition & Disposition.attached_pic:
            continue
        # There is no context where there is no decoder, whatever the annotation says.
        context: object = stream.codec_context
        codec = stream.codec_context.codec.canonical_name if context else "unknown"
        if codec not in _CODECS:
            raise Unsupported(f"{found}; codecs={codec}")
        return stream
    raise Unsupported("audio/mp4" if file.streams.audio else found)


def _prepare(stream: VideoStream, limits: Limits) -> None:
    context = stream.codec_context
    _check_size(context.width, context.height, limits)
    # The picture's own header may differ from the container's.
    context.options = {"max_pixels": str(limits.frame_pixels)}
    context.thread_count = 1


def _check_size(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.frame_pixels:
        raise TooManyPixels(width, height, limits.frame_pixels)
