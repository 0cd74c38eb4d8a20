"""Encoding of an animated picture as a video, because Segmind takes no animations."""

from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from typing import cast

import av
from av.packet import Packet
from av.video.frame import VideoFrame
from PIL import Image

from bot.media import sniff
from bot.media.animations import decoding
from bot.media.types import Limits, TooLarge

# Background of transparent animations, because a video has no transparency.
_BACKGROUND = "white"
# Small enough steps for the delays of all formats, of which WebP has the shortest.
_TICK = Fraction(1, 1000)
# Nearly lossless, because the model encodes its result once more. MP4 derives the time of each frame from the
# order of decoding, in which B-frames would take the place of the last one.
# Each thread, and each frame that the encoder looks ahead, would keep some frames in memory.
_OPTIONS = {"preset": "veryfast", "crf": "18", "bf": "0", "threads": "1", "rc-lookahead": "0"}


def encode(content: bytes, limits: Limits) -> tuple[bytes, int]:
    """Return an MP4 that shows each frame for as long as the animation does, and the animation's loops."""
    if len(content) > limits.video_bytes:
        raise TooLarge(len(content), limits.video_bytes)
    with decoding.opened(content, sniff.any_media_type(content), limits) as animated:
        return _encode(animated), animated.header.loops


def _encode(animated: decoding.Animation) -> bytes:
    header, result = animated.header, BytesIO()
    starts = _starts(header.delays)
    ticks = {start: end - start for start, end in pairwise(starts)}
    with av.open(result, "w", format="mp4") as container:
        # PyAV leaves the other keywords untyped.
        stream = container.add_stream(  # pyright: ignore[reportUnknownMemberType]
            "libx264", rate=_rate(header.delays), options=_OPTIONS
        )
        stream.width, stream.height, stream.pix_fmt = _even(header.width), _even(header.height), "yuv420p"
        stream.codec_context.time_base = _TICK

        def timed(packets: list[Packet]) -> list[Packet]:
            for packet in packets:
                # Without this, the last frame would be shown for one tick.
                packet.duration = ticks[packet.pts or 0]
            return packets

        for start, image in zip(starts, animated.frames(), strict=False):
            frame = _frame(image, stream.width, stream.height)
            frame.pts, frame.time_base = start, _TICK
            container.mux(timed(stream.encode(frame)))
        container.mux(timed(stream.encode(None)))
    return result.getvalue()


def _frame(image: Image.Image, width: int, height: int) -> VideoFrame:
    plain = Image.new("RGB", (width, height), _BACKGROUND)
    plain.paste(image, (0, 0), image)
    # PyAV does not type `from_image`.
    return cast("VideoFrame", VideoFrame.from_image(plain))  # pyright: ignore[reportUnknownMemberType]


def _starts(delays: tuple[float, ...]) -> list[int]:
    """Ticks at which the frames begin, and at which the last one ends."""
    starts, at = [0], 0.0
    for delay in delays:
        at += delay
        starts.append(max(round(at / _TICK), starts[-1] + 1))
    return starts


def _rate(delays: tuple[float, ...]) -> Fraction:
    """Frames per second, for the encoder's estimates and for programs that read no timing."""
    return Fraction(len(delays) / sum(delays)).limit_denominator(1000)


def _even(side: int) -> int:
    """Leave out a last row or column, because H.264 with subsampled colours needs even sides."""
    return side // 2 * 2
