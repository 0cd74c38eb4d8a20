"""Measures the watermark of videos: how often it is read after what happens to videos.

    python -m tests.bench.video_marks [FILE ...]

The files are videos, of which the beginning is used, and pictures, over which a camera moves. Without any,
they are the sandbox's samples.
"""

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from PIL import Image

from bot.media import operations
from bot.media.marks.choice import Marks
from bot.media.types import Limits
from tests.bench.marks import CODE, say, wrong
from tests.media import video_reencoding
from tests.samples import SAMPLES

_SIZE = 1280, 720
_FRAMES = 36
# Quality of what Segmind returns.
_CRF = 20
_LIMIT = 10 * 2**20
_VIDEOS = {".mp4", ".avi"}


def main(files: Iterable[str]) -> None:
    read: dict[str, int] = {}
    misread: dict[str, int] = {}
    chosen = [Path(file) for file in files] or sorted({*SAMPLES.glob("*.mp4"), *SAMPLES.glob("*.jpg")})
    for path in chosen:
        video = video_reencoding.encoded(islice(frames_of(path), _FRAMES), crf=_CRF)
        media = operations.mark_result(video, Limits(), _LIMIT, Marks(CODE)).media
        marked = operations.fit_result(video, media, _LIMIT, 600, Marks(CODE)).content
        found = {
            each.__name__: operations.detect_mark(each(marked), Limits()).code
            for each in (video_reencoding.unchanged, *video_reencoding.ALL)
        }
        found["never marked"] = operations.detect_mark(video_reencoding.crf_28(video), Limits()).code
        for process, code in found.items():
            read[process] = read.get(process, 0) + (code == CODE)
            misread[process] = misread.get(process, 0) + wrong([code])
        lost = [process for process, code in found.items() if code is None]
        size = f"{media.width} x {media.height}, {len(video)} bytes, {len(marked)} marked"
        say(f"{path.name}: {size}; not read: {', '.join(lost)}")
    for process, found_marks in read.items():
        say(f"{process}: {found_marks} of {len(chosen)} read, {misread[process]} wrong")


def frames_of(path: Path) -> Iterator[Image.Image]:
    if path.suffix in _VIDEOS:
        yield from video_reencoding.frames_of(path.read_bytes())
        return
    with Image.open(path) as picture:
        picture.thumbnail((2 * _SIZE[0], 2 * _SIZE[1]))
        yield from video_reencoding.camera_over(picture.convert("RGB"), _SIZE, _FRAMES)


if __name__ == "__main__":
    main(sys.argv[1:])
