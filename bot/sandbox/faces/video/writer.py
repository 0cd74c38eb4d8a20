"""Rewrites a video frame by frame and keeps its sound, timing and length."""

import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from bot.media.marks.provenance import mark
from bot.sandbox.faces.arrays import Picture
from bot.sandbox.faces.order import CancelToken
from bot.sandbox.faces.video.frames import VideoFormat, open_video, read_format
from bot.sandbox.faces.video.sound import open_sound

_USUAL_RATE = Fraction(25)

Change = Callable[[Picture], Picture]


def rewrite_video(content: bytes, change: Change, cancel_token: CancelToken) -> bytes:
    """Return an MP4 with `change` applied to each frame."""
    video_format = read_format(content)
    # A file and not memory, because moving the index to the front reads the written data back.
    with tempfile.TemporaryDirectory(prefix="doppel-") as folder:
        path = Path(folder) / "result.mp4"
        with av.open(str(path), "w", options={"movflags": "+faststart"}) as result:
            _rewrite(content, result, video_format, change, cancel_token)
        return mark(path.read_bytes(), "video/mp4")


def _rewrite(
    content: bytes,
    result: OutputContainer,
    video_format: VideoFormat,
    change: Change,
    cancel_token: CancelToken,
) -> None:
    with open_video(content) as source:
        video, audio = source.streams.video[0], next(iter(source.streams.audio), None)
        encoder = _FrameEncoder(video, result, video_format)
        sound = open_sound(audio, result) if audio else None
        for packet in source.demux([stream for stream in (video, audio) if stream]):
            cancel_token.check()
            if sound and packet.stream is audio:
                sound.write(packet)
                continue
            for frame in video.decode(packet):
                cancel_token.check()
                encoder.add(frame, change)
        encoder.finish()
        if sound:
            sound.finish()


class _FrameEncoder:
    """Encodes the frames of the result."""

    def __init__(self, source: VideoStream, result: OutputContainer, video_format: VideoFormat) -> None:
        self._result, self._format = result, video_format
        self._rate = source.average_rate or _USUAL_RATE
        self._tick = source.time_base or 1 / self._rate
        self._stream = result.add_stream("libx264", rate=self._rate)  # pyright: ignore[reportUnknownMemberType]
        self._stream.width, self._stream.height = video_format.upright_size
        self._stream.pix_fmt = "yuv420p"
        self._stream.options = {"crf": "20", "preset": "veryfast"}
        context = self._stream.codec_context
        context.time_base = self._tick
        context.colorspace = source.codec_context.colorspace
        context.color_primaries = source.codec_context.color_primaries
        context.color_trc = source.codec_context.color_trc
        self._last: int | None = None
        self._durations: dict[int, int] = {}

    def add(self, frame: VideoFrame, change: Change) -> None:
        timestamp = self._timestamp(frame)
        if self._last is not None and timestamp <= self._last:
            return  # The encoder accepts only one frame for a time.
        changed = self._format.frame(change(self._format.picture(frame)))
        changed.pts, changed.time_base = timestamp, self._tick
        self._last, self._durations[timestamp] = timestamp, frame.duration
        self._write(self._stream.encode(changed))

    def finish(self) -> None:
        self._write(self._stream.encode(None))

    def _timestamp(self, frame: VideoFrame) -> int:
        if frame.pts is not None:
            return frame.pts
        return 0 if self._last is None else self._last + round(1 / self._rate / self._tick)

    def _write(self, packets: list[Packet]) -> None:
        for packet in packets:
            # The encoder drops the frames' durations, which would cut the last frame short.
            packet.duration = self._durations.pop(packet.pts or 0, None) or packet.duration
            self._result.mux(packet)
