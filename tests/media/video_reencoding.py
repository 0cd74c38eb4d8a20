"""Changes to videos between the bot and the next person who sees them."""

from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from itertools import islice
from typing import Any, cast

import av
from av.video.frame import VideoFrame
from PIL import Image

from tests.media import reencoding


def encoded(frames: Iterable[Image.Image], *, crf: int, rate: int = 24) -> bytes:
    """Encode frames of one size as H.264 of about constant quality."""
    file = BytesIO()
    with av.open(file, "w", format="mp4") as container:
        # A second thread would take a third more of the processor, and make another file each time.
        options = {"crf": str(crf), "preset": "veryfast", "threads": "1"}
        stream = cast("Any", container).add_stream("libx264", rate=rate, options=options)
        stream.pix_fmt = "yuv420p"
        for image in frames:
            stream.width, stream.height = image.size
            # PyAV does not type what converts from and to pictures.
            container.mux(stream.encode(cast("Any", VideoFrame).from_image(image)))
        container.mux(stream.encode(None))
    return file.getvalue()


def frames_of(content: bytes) -> Iterator[Image.Image]:
    with av.open(BytesIO(content), "r") as container:
        for frame in container.decode(container.streams.video[0]):
            yield cast("Any", frame).to_image()


def camera_over(picture: Image.Image, size: tuple[int, int], count: int) -> Iterator[Image.Image]:
    """Yield the frames of a camera that moves over a picture and comes nearer."""
    width = min(picture.width, picture.height * size[0] / size[1])
    height = width * size[1] / size[0]
    for number in range(count):
        share = 0.95 - 0.25 * number / count
        left = (picture.width - width * share) * number / count
        top = (picture.height - height * share) / 2
        box = (left, top, left + width * share, top + height * share)
        yield picture.resize(size, Image.Resampling.BICUBIC, box=box)


def crf_28(content: bytes) -> bytes:
    return encoded(frames_of(content), crf=28)


def crf_28_half_size(content: bytes) -> bytes:
    return encoded((_even(image.reduce(2)) for image in frames_of(content)), crf=28)


def cropped(content: bytes) -> bytes:
    """Cut a tenth off the width and the height, more of it on one side."""

    def part(image: Image.Image) -> Image.Image:
        left, top = round(image.width * 0.03), round(image.height * 0.08)
        return _even(image.crop((left, top, left + image.width * 9 // 10, top + image.height * 9 // 10)))

    return encoded(map(part, frames_of(content)), crf=23)


def screenshot(content: bytes) -> bytes:
    """Pause at some time and save the screen as a picture."""
    *_, image = islice(frames_of(content), 31)
    return reencoding.screenshot(image)


def unchanged(content: bytes) -> bytes:
    return content


def _even(image: Image.Image) -> Image.Image:
    return image.crop((0, 0, image.width // 2 * 2, image.height // 2 * 2))


ALL: tuple[Callable[[bytes], bytes], ...] = (crf_28, crf_28_half_size, cropped, screenshot)
