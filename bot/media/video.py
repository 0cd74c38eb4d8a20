"""Inspection of videos: reads all packets once, and decodes up to the first frame."""

from collections.abc import Generator
from contextlib import contextmanager
from fractions import Fraction
from io import BytesIO
from typing import NamedTuple, cast

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from bot.media.formats import mp4, webm
from bot.media.picture import OnImage
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
# The decoder must output a frame after this many packets, which are more than it may hold back.
_MAX_PACKETS_WITHOUT_FRAME = 64
# Sound has about fifty packets a second, and rarely more than one track.
_MAX_OTHER_PACKETS = 50_000
# Number of key frames to judge and hash, from the beginning, and the longest side that they are reduced to.
_MAX_KEY_FRAMES = 8
_KEY_FRAME_SIDE = 512


class VideoInfo(NamedTuple):
    """Size of a video as displayed, and its length."""

    width: int
    height: int
    seconds: float


@contextmanager
def open_video(content: bytes, found: str) -> Generator[InputContainer]:
    """Open a video with the demuxer of exactly this format; its exceptions become `Damaged`.

    Naming the format excludes demuxers that open other files, such as playlists.
    """
    # Without the whitelist, PyAV would decode frames while it opens the file, before their size is limited.
    options = {"codec_whitelist": "none"}
    demuxer = "matroska" if found == webm.MEDIA_TYPE else "mov"
    if demuxer == "mov":
        # For each entry of a hostile edit list, the demuxer would copy the tables, which takes minutes.
        options["advanced_editlist"] = "0"
    try:
        with _impossible_sizes_are_damage(found):
            file = av.open(
                BytesIO(content), "r", format=demuxer, container_options=options, metadata_errors="ignore"
            )
        with file:
            yield file
    except (UnusableMedia, MemoryError):
        raise
    except Exception as error:  # PyAV raises any exception for hostile bytes.
        raise Damaged(found) from error


@contextmanager
def _impossible_sizes_are_damage(found: str) -> Generator[None]:
    """FFmpeg lacks the memory for a part of the size that a damaged header declares."""
    try:
        yield
    except av.error.MemoryError as error:
        raise Damaged(found) from error


def packets(file: InputContainer, found: str, *streams: Stream) -> Generator[Packet]:
    """Packets of these streams, or of all."""
    with _impossible_sizes_are_damage(found):
        yield from file.demux(*streams)


def check(content: bytes, found: str, limits: Limits, on_image: OnImage | None = None) -> VideoInfo:
    """Measure a video or raise. `on_image` gets the first key frames, reduced."""
    if found == webm.MEDIA_TYPE:
        webm.check(content)
    else:
        mp4.check(content, found)
    with open_video(content, found) as file:
        stream = picture_stream(file, found)
        prepare(stream, limits)
        frames = _Frames(stream, on_image)
        checked = _PacketCheck(content, found, frames, limits, declared=(file.duration or 0) / av.time_base)
        for packet in packets(file, found):
            checked.add(packet)
        info = checked.finish()
    _check_size(info.width, info.height, limits)
    if min(info.width, info.height) < limits.min_side:
        raise TooSmall(info.width, info.height, limits.min_side)
    return info


class _PacketCheck:
    """Check of a video's packets, whose facts may differ from its header."""

    def __init__(
        self, content: bytes, found: str, frames: "_Frames", limits: Limits, *, declared: float
    ) -> None:
        self._found = found
        self._frames = frames
        self._stream = frames.stream
        self._limits = limits
        self._declared = declared
        # A hostile table can point to the same bytes many times.
        self._bytes_left = 2 * len(content)
        self._packets_left = limits.frames + _MAX_OTHER_PACKETS
        self._pictures = 0
        self._spans: dict[int, tuple[Fraction, Fraction]] = {}

    def add(self, packet: Packet) -> None:
        self._bytes_left -= packet.size
        self._packets_left -= 1
        if packet.is_corrupt or self._bytes_left < 0 or self._packets_left < 0:
            raise Damaged(self._found)
        if packet.stream.index == self._stream.index:
            self._add_picture(packet)
        if isinstance(packet.stream, VideoStream | AudioStream):
            self._measure(packet)

    def finish(self) -> VideoInfo:
        first = self._frames.first
        if first is None:
            raise Damaged(self._found)
        # The header of a truncated recording still declares its full length.
        if self._declared > 2 * max(map(_seconds, self._spans.values()), default=0) + 1:
            raise Truncated(self._found)
        width, height = first.width, first.height
        if first.rotation % 180:
            width, height = height, width
        return VideoInfo(width, height, _seconds(self._spans.get(self._stream.index, (0, 0))))

    def _add_picture(self, packet: Packet) -> None:
        self._pictures += 1 if packet.size else 0
        if self._pictures > self._limits.frames:
            raise TooManyFrames(self._limits.frames)
        if self._frames.first is not None or self._pictures <= _MAX_PACKETS_WITHOUT_FRAME:
            self._frames.decode(packet)

    def _measure(self, packet: Packet) -> None:
        at = packet.pts if packet.pts is not None else packet.dts
        if not packet.size or at is None:
            return
        start = at * packet.time_base
        end = start + (packet.duration or 0) * packet.time_base
        earliest, latest = self._spans.get(packet.stream.index, (start, end))
        span = self._spans[packet.stream.index] = min(earliest, start), max(latest, end)
        limit = self._limits.video_seconds
        # Sound comes in blocks, and the last one may outlast the picture.
        tolerance = 0 if packet.stream.index == self._stream.index else 1
        if _seconds(span) > limit + tolerance:
            raise TooLong(max(_seconds(span), self._declared), limit)


class _Frames:
    """Decodes the first frame of a video, and the key frames that `on_image` gets."""

    def __init__(self, stream: VideoStream, on_image: OnImage | None) -> None:
        self.stream = stream
        self.first: VideoFrame | None = None
        self._on_image = on_image
        self._key_frames_left = 0 if on_image is None else _MAX_KEY_FRAMES

    def decode(self, packet: Packet) -> None:
        if self.first is not None and not self._key_frames_left:
            return
        # The last packet has no bytes and makes the decoder output the frames that it holds back.
        for frame in self.stream.codec_context.decode(packet if packet.size else None):
            if self.first is None:
                self.first = frame
                self.stream.codec_context.skip_frame = "NONKEY"
            if self._on_image is not None and self._key_frames_left and frame.key_frame:
                self._key_frames_left -= 1
                self._on_image(_reduced(frame))


def _reduced(frame: VideoFrame) -> Image.Image:
    scale = min(1, _KEY_FRAME_SIDE / max(frame.width, frame.height))
    width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    small = frame.reformat(width, height, "rgb24")
    # PyAV does not type the keyword arguments of `to_image`.
    return cast("Image.Image", small.to_image())  # pyright: ignore[reportUnknownMemberType]


def _seconds(span: tuple[Fraction | int, Fraction | int]) -> float:
    start, end = span
    return float(end - start)


def picture_stream(file: InputContainer, found: str) -> VideoStream:
    for stream in file.streams.video:
        # Cover art is a picture stream too.
        if stream.disposition & Disposition.attached_pic:
            continue
        # A stream without a decoder has no context, in spite of the annotation.
        context: object = stream.codec_context
        codec = stream.codec_context.codec.canonical_name if context else "unknown"
        if codec not in _CODECS:
            raise Unsupported(f"{found}; codecs={codec}")
        return stream
    raise Unsupported("audio/mp4" if file.streams.audio else found)


def prepare(stream: VideoStream, limits: Limits) -> None:
    """Limit the memory that decoding takes, whatever the packets contain."""
    context = stream.codec_context
    _check_size(context.width, context.height, limits)
    # The header of the video stream may differ from the container's.
    context.options = {"max_pixels": str(limits.frame_pixels)}
    context.thread_count = 1


def _check_size(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.frame_pixels:
        raise TooManyPixels(width, height, limits.frame_pixels)
