"""Opens untrusted videos safely, and converts their frames to pictures and back."""

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
from bot.sandbox.faces.order import CancelToken
from bot.sandbox.faces.photo import MAX_PIXELS

# Only self-contained formats: a playlist could make FFmpeg open other files and hosts.
_CONTAINERS = "mov,matroska,webm,avi,flv,mpegts,mpeg,asf"
_UNREADABLE = "The target is neither a picture nor a video that can be read."
_HD = 720
_UNTAGGED = 2


@dataclass(frozen=True)
class VideoFormat:
    """Properties that all frames of a video share."""

    width: int
    height: int
    turns: int
    """Counterclockwise quarter turns that make a frame upright."""
    matrix: Colorspace

    @classmethod
    def of(cls, frame: VideoFrame) -> "VideoFormat":
        # Players treat untagged video as BT.709 from 720 lines on.
        tall_untagged = frame.colorspace == _UNTAGGED and frame.height >= _HD
        is_709 = tall_untagged or frame.colorspace == Colorspace.ITU709
        matrix = Colorspace.ITU709 if is_709 else Colorspace.ITU601
        return cls(frame.width, frame.height, round(frame.rotation / 90) % 4, matrix)

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height, rounded down to even numbers for 4:2:0."""
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
def open_video(content: bytes) -> Generator[InputContainer]:
    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "none"}
    try:
        with av.open(io.BytesIO(content), "r", options=options, metadata_errors="ignore") as container:
            if not container.streams.video:
                raise CannotSwap("The target file has no video track.")
            context = container.streams.video[0].codec_context
            if context.width * context.height > MAX_PIXELS:
                raise CannotSwap(f"The video has more than {MAX_PIXELS // 1_000_000} million pixels a frame.")
            container.streams.video[0].thread_type = "AUTO"
            yield container
    except av.error.FFmpegError as error:
        raise CannotSwap(_UNREADABLE) from error


def read_format(content: bytes) -> VideoFormat:
    with open_video(content) as container:
        for frame in container.decode(container.streams.video[0]):
            return VideoFormat.of(frame)
    raise CannotSwap(_UNREADABLE)


def read_frame(content: bytes, number: int, cancel_token: CancelToken) -> Picture:
    """Return the frame with this number; the first is 1."""
    video_format, count = read_format(content), 0
    with open_video(content) as container:
        for frame in container.decode(container.streams.video[0]):
            cancel_token.check()
            count += 1
            if count >= number:
                return video_format.picture(frame)
    raise CannotSwap(f"The video has {count} frames, so there is no frame {number}.")
