"""Encoding of a video as a GIF or an animated WebP."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from io import BytesIO
from itertools import chain
from math import log2
from typing import Any, NamedTuple

import av
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as NothingMore
from av.filter import Graph
from av.video.frame import VideoFrame

from bot.media.deadline import Deadline
from bot.media.transcode import rotation_filters
from bot.media.types import Limits, Media
from bot.media.video import open_video, picture_stream

_LONGEST_SIDE = 640
_MIN_SIDE = 48


class Step(NamedTuple):
    """Most frames a second, and the share of the sides; a GIF's colours, or a WebP's quality."""

    rate: int
    scale: float
    detail: int


class Source:
    """Video to encode, whose frames are decoded again for each pass, because all of them take much memory."""

    def __init__(self, content: bytes, media: Media, deadline: Deadline) -> None:
        self._content = content
        self._media = media
        self._deadline = deadline
        self.seconds = max(media.seconds or 0, 0.1)
        self._last_start = 0.0
        with self._opened() as stream:
            self._time_base = stream.time_base or Fraction(1, 1000)
            self.rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
        self._scale = min(1, _LONGEST_SIDE / max(media.width, media.height))

    def size(self, step: Step) -> tuple[int, int]:
        sides = (self._media.width, self._media.height)
        width, height = (max(1, round(side * self._scale * step.scale)) for side in sides)
        if min(width, height) < _MIN_SIDE:
            return max(1, round(sides[0] * self._scale)), max(1, round(sides[1] * self._scale))
        return width, height

    def frame_rate(self, step: Step) -> Fraction:
        return min(self.rate, Fraction(step.rate))

    def pixels(self, step: Step) -> float:
        """Pixels a second."""
        width, height = self.size(step)
        return width * height * float(self.frame_rate(step))

    def cost(self, step: Step) -> float:
        return self.pixels(step) * log2(step.detail)

    def frames(self) -> Iterator[VideoFrame]:
        """Yield all frames, or fewer once the deadline has expired."""
        with self._opened() as stream:
            for packet in stream.container.demux(stream):
                if self._deadline.expired:
                    return
                for frame in stream.codec_context.decode(packet if packet.size else None):
                    self._last_start = float((frame.pts or 0) * self._time_base)
                    yield frame

    def last_delay(self, step: Step) -> float:
        """Seconds for which the last frame is shown, once all frames were decoded."""
        return max(self.seconds - self._last_start, float(1 / self.frame_rate(step)))

    def graph(self, frame: VideoFrame, step: Step) -> tuple[Graph, Any, Any]:
        """Graph that turns, thins out and scales; returns its entrance and the last node, too."""
        width, height = self.size(step)
        graph = Graph()
        entrance = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=self._time_base
        )
        steps = [*rotation_filters(frame)]
        # A slower video keeps its own timing.
        if self.rate > step.rate:
            steps.append(("fps", str(step.rate)))
        steps.append(("scale", f"{width}:{height}:flags=lanczos"))
        nodes = [graph.add(name, arguments) for name, arguments in steps]
        for one, other in zip([entrance, *nodes], nodes, strict=False):
            one.link_to(other)
        return graph, entrance, nodes[-1]

    @contextmanager
    def _opened(self) -> Generator[Any]:
        with open_video(self._content, self._media.media_type) as file:
            stream = picture_stream(file, self._media.media_type)
            stream.codec_context.options = {"max_pixels": str(Limits().frame_pixels)}
            yield stream


def encode_gif(source: Source, step: Step, loops: int) -> bytes | None:
    palette = next(_filtered(source, step, _palette_generator(step)), None)
    if palette is None:
        return None
    repeats = {0: "0", 1: "-1"}.get(loops, str(loops - 1))
    # The encoder does not know how long the last frame is shown.
    muxer = {"loop": repeats, "final_delay": str(round(100 * source.last_delay(step)))}
    return _encoded(source, step, _palette_user(palette), ("gif", muxer), ("gif", "pal8", {}))


def encode_webp(source: Source, step: Step, loops: int) -> bytes:
    options = {"quality": str(step.detail), "compression_level": "3"}
    return _encoded(
        source, step, _plain, ("webp", {"loop": str(loops)}), ("libwebp_anim", "yuv420p", options)
    )


_Tail = Callable[[Graph, Any], None]
"""Adds the last nodes to a graph, behind the given one."""


def _palette_generator(step: Step) -> _Tail:
    def add(graph: Graph, last: Any) -> None:
        generator = graph.add("palettegen", f"max_colors={step.detail}:stats_mode=diff")
        last.link_to(generator)
        generator.link_to(graph.add("buffersink"))

    return add


def _palette_user(palette: VideoFrame) -> _Tail:
    def add(graph: Graph, last: Any) -> None:
        colours = graph.add_buffer(
            width=palette.width, height=palette.height, format=palette.format, time_base=Fraction(1, 100)
        )
        user = graph.add("paletteuse", "dither=bayer:bayer_scale=4:diff_mode=rectangle")
        last.link_to(user)
        colours.link_to(user, 0, 1)
        user.link_to(graph.add("buffersink"))
        graph.configure()
        colours.push(palette)
        colours.push(None)

    return add


def _plain(graph: Graph, last: Any) -> None:
    converted = graph.add("format", "yuv420p")
    last.link_to(converted)
    converted.link_to(graph.add("buffersink"))


def _filtered(source: Source, step: Step, tail: _Tail) -> Iterator[VideoFrame]:
    frames = source.frames()
    first = next(frames, None)
    if first is None:
        return
    graph, entrance, last = source.graph(first, step)
    tail(graph, last)
    graph.configure()
    for frame in chain([first], frames, [None]):
        entrance.push(frame)
        while True:
            try:
                yield graph.vpull()
            except (NothingYet, NothingMore):
                break


def _encoded(
    source: Source,
    step: Step,
    tail: _Tail,
    muxer: tuple[str, dict[str, str]],
    encoder: tuple[str, str, dict[str, str]],
) -> bytes:
    result = BytesIO()
    container, muxer_options = muxer
    codec, pixels, options = encoder
    with av.open(result, "w", format=container, options=muxer_options) as file:
        # PyAV leaves the other keywords untyped.
        stream: Any = file.add_stream(  # pyright: ignore[reportUnknownMemberType]
            codec, rate=source.frame_rate(step), options=options
        )
        stream.width, stream.height = source.size(step)
        stream.pix_fmt = pixels
        stream.codec_context.time_base = Fraction(1, 1000)
        for frame in _filtered(source, step, tail):
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return result.getvalue()
