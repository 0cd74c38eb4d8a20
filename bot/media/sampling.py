"""Samples of a video's frames, from which its watermark is read."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from av.video.frame import VideoFrame
from PIL import Image

from bot.media.types import Limits, UnusableMedia
from bot.media.video import open_video, picture_stream, prepare

# Longest side that frames are reduced to, which is the size that the reader works in.
_SIDE = 768
# Frames that are decoded, from the beginning, and the distance between those of the even sample.
_FRAMES, _STEP = 96, 6


def sample(content: bytes, found: str, limits: Limits) -> Iterator[Sequence[Image.Image]]:
    """Yield the key frames of a checked video, in grey, and then frames at equal distances.

    An encoder spends most bits on key frames, so they keep the watermark best where the quality is low. Where
    it is higher, more frames average out what the picture itself adds.
    """
    key_frames: list[Image.Image] = []
    even: list[Image.Image] = []
    # What comes before a damaged packet is enough.
    with suppress(UnusableMedia), open_video(content, found) as file:
        stream = picture_stream(file, found)
        prepare(stream, limits)
        for number, frame in enumerate(file.decode(stream)):
            if number >= _FRAMES:
                break
            if frame.key_frame or number % _STEP == 0:
                image = _reduced(frame)
                # The size may change within a video.
                if even and image.size != even[0].size:
                    break
                key_frames += [image] if frame.key_frame else []
                even += [image] if number % _STEP == 0 else []
    yield from (frames for frames in (key_frames, even) if frames)


def _reduced(frame: VideoFrame) -> Image.Image:
    scale = min(1, _SIDE / max(frame.width, frame.height))
    size = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    return Image.fromarray(frame.reformat(*size, "gray").to_ndarray())
