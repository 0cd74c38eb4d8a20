"""Opens videos from outside, carefully, and turns their frames into pictures and back."""

import io
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace

from bot.sandbox.faces.arrays import Picture
from bot.sandbox.faces.errors import CannotSwap
from bot.sandbox.faces.order import Lifeline
from bot.sandbox.faces.photo import MAX_PIXELS

# Containers that hold their media themselves: a playlist could make FFmpeg open other files and hosts.
_CONTAINERS = "mov,matroska,webm,avi,flv,mpegts,mpeg,asf"
_UNREADABLE = "The target is neither a picture nor a video that can be read."
_HD = 720
_UNTAGGED = 2


@dataclass(frozen=True)
class Look:
    """What all frames of a video share."""

    width: int
    height: int
    turns: int
    """Quarter turns against the clock that make it upright."""
    matrix: Colorspace

    @classmethod
    def of(cls, frame: VideoFrame) -> "Look":
        # Players take untagged video for BT.709 from 720 lines on.
        tall_untagged = frame.colorspace == _UNTAGGED and frame.height >= _HD
        is_709 = tall_untagged or frame.colorspace == Colorspace.ITU709
        matrix = Colorspace.ITU709 if is_709 else Colorspace.ITU601
        return cls(frame.width, frame.height, round(frame.rotation / 90) % 4, matrix)

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height, even, as 4:2:0 wants them."""
        width, height = (self.height, self.width) if self.turns % 2 else (self.width, self.height)
        return width - width % 2, height - height % 2

    def picture(self, frame: VideoFrame) -> Picture:
        rgb = frame.reformat(self.width, self.height, "rgb24", src_colorspace=self.matrix)
        upright = np.rot90(np.asarray(rgb.to_ndarray(), np.uint8), self.turns)
        width, height = self.upright_size
        return np.ascontiguousarray(upright[:height, :width])

    def frame(self, picture: Picture) -> VideoFrame:
        rgb = VideoFrame.from_ndarray(picture, "rgb24")
        return rgb.reformat(format="yuv420p", dst_colorspace=self.matrix)


@contextmanager
def reading(content: bytes) -> Generator[InputContainer]:
    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "none"}
    try:
        with av.open(io.BytesIO(content), "r", options=options, metadata_errors="ignore") as container:
            if not container.streams.video:
                raise CannotSwap("The target holds no moving picture.")
            context = container.streams.video[0].codec_context
            if context.width * context.height > MAX_PIXELS:
                raise CannotSwap(f"The video has more than {MAX_PIXELS // 1_000_000} million pixels a frame.")
            container.streams.video[0].thread_type = "AUTO"
            yield container
    except av.error.FFmpegError as error:
        raise CannotSwap(_UNREADABLE) from error


def look_of(content: bytes) -> Look:
    with reading(content) as container:
        for frame in container.decode(container.streams.video[0]):
            return Look.of(frame)
    raise CannotSwap(_UNREADABLE)


def frame_of(content: bytes, number: int, lifeline: Lifeline) -> Picture:
    """The frame with this number, the first being 1."""
    look, count = look_of(content), 0
    with reading(content) as container:
        for frame in container.decode(container.streams.video[0]):
            lifeline.check()
            count += 1
            if count >= number:
                return look.picture(frame)
    raise CannotSwap(f"The video has {count} frames, so there is no frame {number}.")
