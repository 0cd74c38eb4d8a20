"""A video encoded anew, as H.264 and AAC in MP4, towards a number of bytes."""

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
from bot.media.types import Limits, Media
from bot.media.video import opened, picture_stream

MEDIA_TYPE = "video/mp4"

_MOST_TRIES = 4
# What an encoder misses its aim by.
_SHARE_FOR_STREAMS = 0.92
_TABLE_BYTES = 4 * 1024
_TABLE_BYTES_PER_PACKET = 40
_MOST_SOUND, _LEAST_SOUND = 96_000, 24_000
_LEAST_PICTURE = 16_000
# Below this many bits a pixel, H.264 looks worse than the same video made smaller.
_BITS_PER_PIXEL = 0.03
# Pixels of all frames together: about twenty seconds of work for two cores.
_MOST_PIXELS = 2_000_000_000
_MIN_SIDE = 96
# Counter-clockwise, as the display matrix says it.
_OVER = [("hflip", None), ("vflip", None)]
_TURNS = {90: [("transpose", "cclock")], -90: [("transpose", "clock")], 180: _OVER, -180: _OVER}


class Rendering(NamedTuple):
    content: bytes
    smaller: bool


@dataclass(frozen=True, slots=True)
class _Source:
    """The video as it is; width and height are as shown."""

    content: bytes
    media_type: str
    width: int
    height: int
    seconds: float
    frames: int
    sounds: int

    @property
    def table_bytes(self) -> int:
        # Sound is cut into blocks of another length.
        return _TABLE_BYTES + _TABLE_BYTES_PER_PACKET * (self.frames + self.sounds * 5 // 4)


class _Aim(NamedTuple):
    """Bits a second for the picture and for the sound, and the size of the picture."""

    picture: int
    sound: int
    width: int
    height: int


def renderings(content: bytes, media: Media, limit: int, effort: Deadline) -> Iterator[Rendering]:
    """Ever smaller ones, each aimed by what the last one came to; as many as are worth trying."""
    source = _look(content, media)
    bits = (limit * _SHARE_FOR_STREAMS - source.table_bytes) * 8 / source.seconds
    for _ in range(_MOST_TRIES):
        aim = _aim(source, bits)
        if aim is None:
            return
        encoded = _encode(source, aim, effort)
        if encoded is None:
            return
        yield Rendering(
            encoded, smaller=(aim.width, aim.height) != (_even(source.width), _even(source.height))
        )
        bits *= min(0.85, 0.9 * limit / len(encoded))


def _look(content: bytes, media: Media) -> _Source:
    frames = sounds = 0
    with opened(content, media.media_type) as file:
        picture, sound = _streams(file, media.media_type)
        for packet in file.demux():
            frames += packet.stream.index == picture.index
            sounds += sound is not None and packet.stream.index == sound.index
    seconds = max(media.seconds or 0, 0.1)
    return _Source(content, media.media_type, media.width, media.height, seconds, frames, sounds)


def _aim(source: _Source, bits: float) -> _Aim | None:
    sound = round(min(max(bits / 5, _LEAST_SOUND), _MOST_SOUND)) if source.sounds else 0
    picture = round(bits - sound)
    if picture < _LEAST_PICTURE:
        return None
    pixels = min(picture / _BITS_PER_PIXEL * source.seconds, _MOST_PIXELS) / source.frames
    scale = min(1, sqrt(pixels / (source.width * source.height)))
    width, height = _even(source.width * scale), _even(source.height * scale)
    if min(width, height) < min(_MIN_SIDE, _even(source.width), _even(source.height)):
        return None
    return _Aim(picture, sound, width, height)


def _encode(source: _Source, aim: _Aim, effort: Deadline) -> bytes | None:
    """None where the effort was over first."""
    result = BytesIO()
    # Room for the tables at the front lets players start before they have all of it.
    options = {"moov_size": str(source.table_bytes)}
    with opened(source.content, source.media_type) as file:
        picture, sound = _streams(file, source.media_type)
        with av.open(result, "w", format="mp4", options=options) as target:
            lanes: dict[int, _PictureLane | _SoundLane] = {picture.index: _PictureLane(picture, target, aim)}
            if sound is not None:
                lanes[sound.index] = _SoundLane(sound, target, aim)
            for packet in file.demux([file.streams[index] for index in lanes]):
                if effort.over:
                    return None
                target.mux(lanes[packet.stream.index].through(packet))
            for lane in lanes.values():
                target.mux(lane.rest())
    return result.getvalue()


class _PictureLane:
    def __init__(self, source: VideoStream, target: OutputContainer, aim: _Aim) -> None:
        self._source = source
        self._aim = aim
        self._graph: Graph | None = None
        # The picture may change its size on the way; what was inspected is its first.
        source.codec_context.options = {"max_pixels": str(Limits().frame_pixels)}
        options = {"preset": "veryfast", "maxrate": str(aim.picture), "bufsize": str(aim.picture)}
        # PyAV leaves the other keywords untyped.
        stream = target.add_stream(  # pyright: ignore[reportUnknownMemberType]
            "libx264", rate=source.guessed_rate, options=options
        )
        stream.width, stream.height, stream.pix_fmt = aim.width, aim.height, "yuv420p"
        stream.bit_rate = aim.picture
        stream.codec_context.time_base = source.time_base or Fraction(1, 1000)
        self._encoder = stream

    def through(self, packet: Packet) -> list[Packet]:
        frames = self._source.codec_context.decode(packet)
        return [encoded for frame in frames for encoded in self._encoder.encode(self._shaped(frame))]

    def rest(self) -> list[Packet]:
        return self._encoder.encode(None)

    def _shaped(self, frame: VideoFrame) -> VideoFrame:
        if self._graph is None:
            self._graph = self._shaping(frame)
        self._graph.vpush(frame)
        shaped = self._graph.vpull()
        # Otherwise the encoder would repeat the old choice of key frames.
        shaped.pict_type = PictureType.NONE
        return shaped

    def _shaping(self, frame: VideoFrame) -> Graph:
        graph = Graph()
        steps = [*_TURNS.get(frame.rotation, []), ("scale", f"{self._aim.width}:{self._aim.height}")]
        nodes = [graph.add(name, arguments) for name, arguments in [*steps, ("format", "yuv420p")]]
        start = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=self._source.time_base
        )
        graph.link_nodes(start, *nodes, graph.add("buffersink")).configure()
        return graph


class _SoundLane:
    def __init__(self, source: AudioStream, target: OutputContainer, aim: _Aim) -> None:
        self._source = source
        rate = 44_100 if source.rate == 44_100 else 48_000  # noqa: PLR2004 - the two rates in use
        layout = "mono" if source.channels == 1 else "stereo"
        self._encoder = target.add_stream(  # pyright: ignore[reportUnknownMemberType]
            "aac", rate=rate, layout=layout
        )
        self._encoder.bit_rate = aim.sound
        self._resampler = AudioResampler("fltp", layout, rate)

    def through(self, packet: Packet) -> list[Packet]:
        pieces = [
            piece
            for frame in self._source.codec_context.decode(packet)
            for piece in self._resampler.resample(frame)
        ]
        return [encoded for piece in pieces for encoded in self._encoder.encode(piece)]

    def rest(self) -> list[Packet]:
        pieces = [*self._resampler.resample(None), None]
        return [encoded for piece in pieces for encoded in self._encoder.encode(piece)]


def _streams(file: InputContainer, found: str) -> tuple[VideoStream, AudioStream | None]:
    # There is no context where there is no decoder, whatever the annotation says.
    decodable = (stream for stream in file.streams.audio if stream.codec_context)
    return picture_stream(file, found), next(decodable, None)


def _even(side: float) -> int:
    """H.264 with subsampled colours takes even sides alone."""
    return max(2, int(side) // 2 * 2)
