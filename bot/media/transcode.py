"""Encoding of a video as H.264 and AAC in MP4, towards a number of bytes."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from math import sqrt
from typing import NamedTuple

import av
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.filter import Graph
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from bot.media.deadline import Deadline
from bot.media.marks.choice import NO_MARKS, Marks
from bot.media.marks.pixels import VideoMarker
from bot.media.types import Limits, Media
from bot.media.video import open_video, packets, picture_stream

MEDIA_TYPE = "video/mp4"

_MAX_ATTEMPTS = 4
# The rest allows for the encoder missing its target.
_SHARE_FOR_STREAMS = 0.92
_TABLE_BYTES = 4 * 1024
_TABLE_BYTES_PER_PACKET = 40
_MAX_SOUND, _MIN_SOUND = 96_000, 24_000
_MIN_PICTURE = 16_000
# With fewer bits a pixel, H.264 looks worse than the same video in a smaller size.
_BITS_PER_PIXEL = 0.03
# Pixels of all frames together, about twenty seconds of work for two cores.
_MAX_PIXELS = 2_000_000_000
_MIN_SIDE = 96
# Rotations of the display matrix, which are counter-clockwise.
_UPSIDE_DOWN: list[tuple[str, str | None]] = [("hflip", None), ("vflip", None)]
_ROTATIONS: dict[int, list[tuple[str, str | None]]] = {
    90: [("transpose", "cclock")],
    -90: [("transpose", "clock")],
    180: _UPSIDE_DOWN,
    -180: _UPSIDE_DOWN,
}


@dataclass(frozen=True, slots=True)
class _Source:
    """Video before encoding; width and height are as displayed."""

    content: bytes
    media_type: str
    width: int
    height: int
    seconds: float
    frames: int
    sound_packets: int

    @property
    def table_bytes(self) -> int:
        # The encoder cuts sound into blocks of another length than the source's.
        return _TABLE_BYTES + _TABLE_BYTES_PER_PACKET * (self.frames + self.sound_packets * 5 // 4)


class _Target(NamedTuple):
    """Target of the encoder: bits a second for picture and sound, and the size of the picture."""

    picture: int
    sound: int
    width: int
    height: int


def renderings(
    content: bytes, media: Media, limit: int, deadline: Deadline, marks: Marks = NO_MARKS
) -> Iterator[bytes]:
    """Yield ever smaller renderings, each with a target adjusted by the size of the previous one."""
    source = _measure(content, media)
    bits = (limit * _SHARE_FOR_STREAMS - source.table_bytes) * 8 / source.seconds
    for _ in range(_MAX_ATTEMPTS):
        target = _choose_target(source, bits)
        if target is None or (encoded := _encode(source, target, deadline, marks)) is None:
            return
        yield encoded
        bits *= min(0.85, 0.9 * limit / len(encoded))


def _measure(content: bytes, media: Media) -> _Source:
    frames = sound_packets = 0
    with open_video(content, media.media_type) as file:
        picture, sound = _streams(file, media.media_type)
        for packet in packets(file, media.media_type):
            frames += packet.stream.index == picture.index
            sound_packets += sound is not None and packet.stream.index == sound.index
    seconds = max(media.seconds or 0, 0.1)
    return _Source(content, media.media_type, media.width, media.height, seconds, frames, sound_packets)


def _choose_target(source: _Source, bits: float) -> _Target | None:
    sound = round(min(max(bits / 5, _MIN_SOUND), _MAX_SOUND)) if source.sound_packets else 0
    picture = round(bits - sound)
    if picture < _MIN_PICTURE:
        return None
    pixels = min(picture / _BITS_PER_PIXEL * source.seconds, _MAX_PIXELS) / source.frames
    scale = min(1, sqrt(pixels / (source.width * source.height)))
    width, height = _even(source.width * scale), _even(source.height * scale)
    if min(width, height) < min(_MIN_SIDE, _even(source.width), _even(source.height)):
        return None
    return _Target(picture, sound, width, height)


def _encode(source: _Source, target: _Target, deadline: Deadline, marks: Marks) -> bytes | None:
    """Encode the video, or return None if the deadline expires first."""
    result = BytesIO()
    # Space for the tables at the front lets players start before they have the whole file.
    options = {"moov_size": str(source.table_bytes)}
    with open_video(source.content, source.media_type) as file:
        picture, sound = _streams(file, source.media_type)
        with av.open(result, "w", format="mp4", options=options) as container:
            encoders: dict[int, _PictureEncoder | _SoundEncoder] = {
                picture.index: _PictureEncoder(picture, container, target, marks)
            }
            if sound is not None:
                encoders[sound.index] = _SoundEncoder(sound, container, target)
            for packet in packets(file, source.media_type, *(file.streams[index] for index in encoders)):
                if deadline.expired:
                    return None
                container.mux(encoders[packet.stream.index].encode(packet))
            for encoder in encoders.values():
                container.mux(encoder.flush())
    return result.getvalue()


class _PictureEncoder:
    def __init__(
        self, source: VideoStream, container: OutputContainer, target: _Target, marks: Marks
    ) -> None:
        self._source = source
        self._target = target
        self._marker = VideoMarker(target.width, target.height, marks) if marks else None
        self._graph: Graph | None = None
        # The size may change within the video; the inspection saw only the first frame.
        source.codec_context.options = {"max_pixels": str(Limits().frame_pixels)}
        options = {"preset": "veryfast", "maxrate": str(target.picture), "bufsize": str(target.picture)}
        # PyAV leaves the other keywords untyped.
        stream = container.add_stream(  # pyright: ignore[reportUnknownMemberType]
            "libx264", rate=source.guessed_rate, options=options
        )
        stream.width, stream.height, stream.pix_fmt = target.width, target.height, "yuv420p"
        stream.bit_rate = target.picture
        stream.codec_context.time_base = source.time_base or Fraction(1, 1000)
        self._encoder = stream

    def encode(self, packet: Packet) -> list[Packet]:
        frames = self._source.codec_context.decode(packet)
        return [encoded for frame in frames for encoded in self._encoder.encode(self._filter(frame))]

    def flush(self) -> list[Packet]:
        return self._encoder.encode(None)

    def _filter(self, frame: VideoFrame) -> VideoFrame:
        if self._graph is None:
            self._graph = self._make_graph(frame)
        self._graph.vpush(frame)
        filtered = self._graph.vpull()
        if self._marker is not None:
            filtered = self._marker.mark(filtered)
        # Without this, the encoder would repeat the key frames of the source.
        filtered.pict_type = PictureType.NONE
        return filtered

    def _make_graph(self, frame: VideoFrame) -> Graph:
        graph = Graph()
        steps = [
            *rotation_filters(frame),
            ("scale", f"{self._target.width}:{self._target.height}"),
        ]
        nodes = [graph.add(name, arguments) for name, arguments in [*steps, ("format", "yuv420p")]]
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=self._source.time_base
        )
        graph.link_nodes(source, *nodes, graph.add("buffersink")).configure()
        return graph


class _SoundEncoder:
    def __init__(self, source: AudioStream, container: OutputContainer, target: _Target) -> None:
        self._source = source
        rate = 44_100 if source.rate == 44_100 else 48_000  # noqa: PLR2004 - the two rates in use
        layout = "mono" if source.channels == 1 else "stereo"
        self._encoder = container.add_stream(  # pyright: ignore[reportUnknownMemberType]
            "aac", rate=rate, layout=layout
        )
        self._encoder.bit_rate = target.sound
        self._resampler = AudioResampler("fltp", layout, rate)

    def encode(self, packet: Packet) -> list[Packet]:
        pieces = [
            piece
            for frame in self._source.codec_context.decode(packet)
            for piece in self._resampler.resample(frame)
        ]
        return [encoded for piece in pieces for encoded in self._encoder.encode(piece)]

    def flush(self) -> list[Packet]:
        pieces = [*self._resampler.resample(None), None]
        return [encoded for piece in pieces for encoded in self._encoder.encode(piece)]


def rotation_filters(frame: VideoFrame) -> list[tuple[str, str | None]]:
    """Filters that turn a frame as it is displayed."""
    return _ROTATIONS.get(frame.rotation, [])


def _streams(file: InputContainer, found: str) -> tuple[VideoStream, AudioStream | None]:
    # A stream without a decoder has no context, in spite of the annotation.
    decodable = (stream for stream in file.streams.audio if stream.codec_context)
    return picture_stream(file, found), next(decodable, None)


def _even(side: float) -> int:
    """Round down to an even number, as H.264 with subsampled colours requires."""
    return max(2, int(side) // 2 * 2)
