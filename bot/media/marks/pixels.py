"""Puts the marks of a result into its pixels; needs numpy, so only media workers import it."""

from io import BytesIO

import numpy as np
from av.video.frame import VideoFrame
from PIL import Image

from bot.media import picture
from bot.media.formats import jpeg, png, webp
from bot.media.marks.choice import Marks
from bot.media.marks.label import add_label, draw_label
from bot.media.watermark.embed import FrameMarker, embed

_SAVING: dict[str, tuple[str, dict[str, object]]] = {
    # The default level takes three times as long, to save one byte in thirty.
    png.MEDIA_TYPE: ("PNG", {"compress_level": 3}),
    # Full colour resolution, because most results are encoded again, by Discord and by those who share them.
    jpeg.MEDIA_TYPE: ("JPEG", {"quality": 95, "subsampling": 0}),
    webp.MEDIA_TYPE: ("WEBP", {"quality": 95}),
}


def mark_picture(content: bytes, media_type: str, marks: Marks) -> bytes:
    """Return the picture with its marks, in the same format, without any other metadata."""
    if media_type not in _SAVING:
        # A member's result must not get lost over its marks.
        return content
    plugin, options = _SAVING[media_type]
    image = mark_image(picture.converted(picture.upright(content, media_type)), marks)
    file = BytesIO()
    image.save(file, plugin, icc_profile=image.info.get("icc_profile"), **options)
    return file.getvalue()


def mark_image(image: Image.Image, marks: Marks) -> Image.Image:
    """Return a picture in RGB or RGBA with its marks."""
    info = image.info
    image = image.copy() if marks.watermark is None else embed(image, marks.watermark)
    image.info = info
    if marks.label:
        add_label(image)
    return image


class VideoMarker:
    """Puts marks into the frames of one video."""

    def __init__(self, width: int, height: int, marks: Marks) -> None:
        self._marker = None if marks.watermark is None else FrameMarker(width, height, marks.watermark)
        self._label = draw_label(width, height) if marks.label else None

    def mark(self, frame: VideoFrame) -> VideoFrame:
        """Return the marked copy of a frame in yuv420p, with its time."""
        planes = np.asarray(frame.to_ndarray(), np.uint8)
        height = frame.height
        if self._marker is not None:
            planes[:height] = self._marker.mark(planes[:height])
        if self._label is not None:
            label, (left, top) = self._label
            box = planes[top : top + label.height, left : left + label.width]
            grey, opacity = (np.asarray(label.getchannel(band), np.float32) for band in "LA")
            # From black at 16 to white at 235.
            box[:] = box + (grey * (219 / 255) + 16 - box) * (opacity / 255)
        marked = VideoFrame.from_ndarray(planes, "yuv420p")
        marked.pts, marked.time_base = frame.pts, frame.time_base
        marked.colorspace, marked.color_range = frame.colorspace, frame.color_range
        return marked
