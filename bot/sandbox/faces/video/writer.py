"""Rewrites a video frame by frame; its sound, timing and length stay."""

import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from bot.media.provenance import mark
from bot.sandbox.faces.arrays import Picture
from bot.sandbox.faces.order import Lifeline
from bot.sandbox.faces.video.frames import Look, look_of, reading
from bot.sandbox.faces.video.sound import sound_of

_USUAL_RATE = Fraction(25)

Change = Callable[[Picture], Picture]


def rewritten(content: bytes, change: Change, lifeline: Lifeline) -> bytes:
    """An MP4 in which each frame went through `change`."""
    look = look_of(content)
    # A file, not memory: moving the index to the front needs to read back what was written.
    with tempfile.TemporaryDirectory(prefix="doppel-") as folder:
        path = Path(folder) / "result.mp4"
        with av.open(str(path), "w", options={"movflags": "+faststart"}) as result:
            _rewrite(content, result, look, change, lifeline)
        return mark(path.read_bytes(), "video/mp4")


def _rewrite(content: bytes, result: OutputContainer, look: Look, change: Change, lifeline: Lifeline) -> None:
    with reading(content) as source:
        video, audio = source.streams.video[0], next(iter(source.streams.audio), None)
        film = _Film(video, result, look)
        sound = sound_of(audio, result) if audio else None
        for packet in source.demux([stream for stream in (video, audio) if stream]):
            lifeline.check()
            if sound and packet.stream is audio:
                sound.take(packet)
                continue
            for frame in video.decode(packet):
                lifeline.check()
                film.add(frame, change)
        film.finish()
        if sound:
            sound.finish()


class _Film:
    """The moving picture of the result."""

    def __init__(self, source: VideoStream, result: OutputContainer, look: Look) -> None:
        self._result, self._look = result, look
        self._rate = source.average_rate or _USUAL_RATE
        self._tick = source.time_base or 1 / self._rate
        self._stream = result.add_stream("libx264", rate=self._rate)  # pyright: ignore[reportUnknownMemberType]
        self._stream.width, self._stream.height = look.upright_size
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
        moment = self._moment(frame)
        if self._last is not None and moment <= self._last:
            return  # Two frames for one moment: the encoder takes one.
        changed = self._look.frame(change(self._look.picture(frame)))
        changed.pts, changed.time_base = moment, self._tick
        self._last, self._durations[moment] = moment, frame.duration
        self._write(self._stream.encode(changed))

    def finish(self) -> None:
        self._write(self._stream.encode(None))

    def _moment(self, frame: VideoFrame) -> int:
        if frame.pts is not None:
            return frame.pts
        return 0 if self._last is None else self._last + round(1 / self._rate / self._tick)

    def _write(self, packets: list[Packet]) -> None:
        for packet in packets:
            # The encoder forgets how long a frame is shown, which would cut the last one short.
            packet.duration = self._durations.pop(packet.pts or 0, None) or packet.duration
            self._result.mux(packet)
