"""Small real files for the tests; the same call returns the same bytes."""

import random
import struct
import wave
import zlib
from functools import cache
from io import BytesIO
from math import sin
from typing import Any

import av
from av.container import OutputContainer
from av.stream import Disposition, Stream
from PIL import Image

SAMPLES_PER_BLOCK = 1024
RATE = 48_000


def noise(width: int = 96, height: int = 72, mode: str = "RGB") -> Image.Image:
    """Picture that compresses badly, so that truncation and limits have an effect."""
    channels = len(Image.new(mode, (1, 1)).getbands())
    pixels = random.Random(7).randbytes(width * height * channels)
    return Image.frombytes(mode, (width, height), pixels)


def saved(image: Image.Image, plugin: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, plugin, **options)
    return file.getvalue()


@cache
def picture(plugin: str, width: int = 96, height: int = 72, mode: str = "RGB") -> bytes:
    return saved(noise(width, height, mode), plugin)


@cache
def animated(plugin: str) -> bytes:
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "green", "blue")]
    return saved(frames[0], plugin, save_all=True, append_images=frames[1:])


@cache
def moving(
    plugin: str, delays: tuple[int, ...] = (100, 50, 200, 400), *, loop: int = 0, side: int = 64
) -> bytes:
    """Animation of turning noise; the delays are in milliseconds."""
    frames = [noise(side, side * 3 // 4).rotate(10 * number) for number in range(len(delays))]
    return saved(frames[0], plugin, save_all=True, append_images=frames[1:], duration=list(delays), loop=loop)


def with_orientation(plugin: str, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(noise(), plugin, exif=exif.tobytes())


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_bomb(width: int = 20_000, height: int = 20_000) -> bytes:
    """Valid header over black rows, which decode to a thousand times their size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = bytes(min((1 + 3 * width) * height, 4_000_000))
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@cache
def video(
    container: str = "mp4",
    codec: str = "libx264",
    *,
    width: int = 64,
    height: int = 48,
    frames: int = 12,
    rate: int = 12,
    sound: str = "",
    key_frames: bool = False,
    muxer: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """Video of moving noise; `sound` names an audio codec."""
    codec_options = {
        # Noise takes the longest to encode of all pictures.
        "libx264": {"preset": "veryfast"},
        "libvpx": {"deadline": "realtime", "cpu-used": "8"},
        "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
        "libx265": {"x265-params": "log-level=none"},
        "libaom-av1": {"cpu-used": "8", "usage": "realtime"},
    }
    file = BytesIO()
    with av.open(file, "w", format=container, options=dict(muxer)) as target:
        stream = _add_stream(target, codec, rate=rate, options=codec_options.get(codec, {}))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if key_frames:
            stream.gop_size = 1
        sound_stream = _add_stream(target, sound, rate=RATE) if sound else None
        picture = noise(width, height)
        for index in range(frames):
            pixels = picture.rotate(index).convert("RGBA").tobytes()
            target.mux(stream.encode(av.VideoFrame.from_bytes(pixels, width, height, "rgba")))
        target.mux(stream.encode(None))
        if isinstance(sound_stream, av.AudioStream):
            _encode_tone(target, sound_stream, blocks=frames * RATE // rate // SAMPLES_PER_BLOCK)
    return file.getvalue()


@cache
def sound_only(*, cover: bool = False) -> bytes:
    file = BytesIO()
    with av.open(file, "w", format="mp4") as target:
        art = _add_stream(target, "png", rate=1) if cover else None
        stream = _add_stream(target, "aac", rate=RATE)
        assert isinstance(stream, av.AudioStream)
        if isinstance(art, av.VideoStream):
            art.width, art.height, art.pix_fmt = 64, 48, "rgba"
            # PyAV's setter accepts only the number.
            setattr(art, "disposition", Disposition.attached_pic.value)  # noqa: B010
            target.mux(art.encode(av.VideoFrame(64, 48, "rgba")))
        _encode_tone(target, stream, blocks=4)
    return file.getvalue()


def _add_stream(target: OutputContainer, codec: str, **options: Any) -> Stream:
    # PyAV leaves the other keywords untyped.
    return target.add_stream(codec, **options)  # pyright: ignore[reportUnknownMemberType]


def _encode_tone(target: OutputContainer, stream: av.AudioStream, *, blocks: int) -> None:
    resampler = av.AudioResampler(stream.format, stream.layout, RATE)
    tone = struct.pack(f"<{SAMPLES_PER_BLOCK}f", *(sin(at / 9) / 4 for at in range(SAMPLES_PER_BLOCK)))
    for index in range(blocks):
        block = av.AudioFrame("fltp", "stereo", SAMPLES_PER_BLOCK)
        for plane in block.planes:
            plane.update(tone)
        block.pts, block.rate = index * SAMPLES_PER_BLOCK, RATE
        for piece in resampler.resample(block):
            target.mux(stream.encode(piece))
    target.mux(stream.encode(None))


def wav() -> bytes:
    file = BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(8000)
        target.writeframes(bytes(800))
    return file.getvalue()


FRONT = (("moov_size", "4000"),)
FRAGMENTS = (("movflags", "frag_keyframe+empty_moov"),)


def boxes(content: bytes) -> list[tuple[bytes, int, int]]:
    """Name, start and end of an MP4's top-level boxes."""
    found: list[tuple[bytes, int, int]] = []
    at = 0
    while at < len(content):
        end = at + int.from_bytes(content[at : at + 4])
        found.append((content[at + 4 : at + 8], at, end))
        at = end
    return found


def patched(content: bytes, name: bytes, offset: int, value: bytes, *, last: bool = False) -> bytes:
    """Replace bytes at an offset behind the name of a box."""
    at = (content.rindex(name) if last else content.index(name)) + 4 + offset
    return content[:at] + value + content[at + len(value) :]
