"""Small pictures and short clips, made from the samples and one real portrait."""

import io
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from bot.sandbox.avatars import SAMPLES as PHOTOGRAPHS
from bot.sandbox.faces.arrays import Picture
from tests.samples import SAMPLES

# Large enough for faces of 100 pixels; the time of a swap grows with the square.
SIDE = 208


@cache
def portrait(name: str, side: int = SIDE) -> Picture:
    """Return a sample face, or the astronaut's, in a square."""
    if name == "astronaut":
        with Image.open(PHOTOGRAPHS / "astronaut.jpg") as opened:
            image = opened.crop((125, 0, 500, 375))
    else:
        with Image.open(SAMPLES / f"{name}.jpg") as opened:
            image = opened.convert("RGB")
    return np.asarray(image.resize((side, side), Image.Resampling.LANCZOS))


@cache
def group() -> Picture:
    """Four people in a row."""
    with Image.open(SAMPLES / "group.jpg") as opened:
        return np.asarray(opened.convert("RGB").resize((640, 360), Image.Resampling.LANCZOS))


@cache
def couple(side: int = SIDE) -> Picture:
    """A large man's face on the left and a smaller woman's on the right."""
    return np.hstack([portrait("face_b", side), portrait("astronaut", side)])


def nobody(side: int = SIDE) -> Picture:
    return np.repeat(np.linspace(40, 200, side, dtype=np.uint8)[:, None, None], 3, axis=2).repeat(
        side, axis=1
    )


def encoded(picture: Picture, kind: str = "png", **options: object) -> bytes:
    stream = io.BytesIO()
    # Of the formats, only PNG reads this: small files are of no use here.
    Image.fromarray(picture).save(stream, kind, **{"compress_level": 1, **options})
    return stream.getvalue()


def decoded(content: bytes) -> Picture:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def clip(
    pictures: Sequence[Picture],
    *,
    moments: Sequence[int] | None = None,
    sound: str | None = None,
    container: str = "mp4",
    codec: str = "libx264",
    pixels: str = "yuv444p",
) -> bytes:
    """Return a video at 25 frames a second, or with frames at given times, counted in 25ths."""
    stream = io.BytesIO()
    with av.open(stream, "w", format=container) as output:
        video = cast("VideoStream", output.add_stream(codec, rate=25))  # pyright: ignore[reportUnknownMemberType]
        video.height, video.width = pictures[0].shape[:2]
        video.pix_fmt = pixels
        video.options = {"preset": "ultrafast", "crf": "12", "threads": "1"}
        _add_sound(output, sound, seconds=len(pictures) / 25)
        for moment, picture in zip(moments or range(len(pictures)), pictures, strict=True):
            frame = VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = moment, Fraction(1, 25)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
    return stream.getvalue()


def _add_sound(output: OutputContainer, codec: str | None, seconds: float) -> None:
    if codec is None:
        return
    audio = cast("AudioStream", output.add_stream(codec, rate=48000))  # pyright: ignore[reportUnknownMemberType]
    tone = np.sin(np.arange(int(48000 * seconds)) * 0.06)
    frame = AudioFrame.from_ndarray((tone * 8000).astype(np.int16)[None], format="s16", layout="mono")
    frame.sample_rate, frame.pts = 48000, 0
    output.mux(audio.encode(frame))
    output.mux(audio.encode(None))


def sample_clip(seconds: float) -> bytes:
    """Beginning of the sample, with its sound."""
    cut = io.BytesIO()
    with av.open(SAMPLES / "clip.mp4") as whole, av.open(cut, "w", format="mp4") as target:
        copies = {stream: target.add_stream_from_template(stream) for stream in whole.streams}  # pyright: ignore[reportUnknownMemberType]
        for packet in whole.demux():
            if packet.pts is not None and packet.pts * packet.time_base < seconds:
                packet.stream = copies[packet.stream]
                target.mux(packet)
    return cut.getvalue()


def frames(content: bytes) -> list[Picture]:
    with av.open(io.BytesIO(content), "r") as video:
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in video.decode(video=0)]
