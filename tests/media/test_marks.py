"""Marks in the pixels: a watermark that survives what happens to pictures, and a visible label."""

from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageStat

from bot.media import operations
from bot.media.marks.choice import Marks
from bot.media.marks.pixels import mark_image
from bot.media.marks.provenance import mark
from bot.media.probe import inspect
from bot.media.types import Limits
from bot.media.watermark.code import MarkCode
from tests.media import files, reencoding, video_reencoding
from tests.media.marks import is_marked
from tests.samples import SAMPLES
from tests.sandbox.faces.scenes import sample_clip

CODE = MarkCode.of("0123", 1_800_000_000)
MARKS = Marks(CODE, label=True)


def sample(name: str) -> Image.Image:
    with Image.open(SAMPLES / name) as image:
        return image.convert("RGB")


def code_in(content: bytes) -> MarkCode | None:
    return operations.detect_mark(content, Limits()).code


def test_a_watermark_survives() -> None:
    marked = mark_image(sample("face_a.jpg"), MARKS)
    codes = {each.__name__: code_in(each(marked)) for each in reencoding.ALL}
    assert codes == dict.fromkeys(codes, CODE)


@pytest.mark.parametrize("share", [0.72, 0.85])
def test_a_watermark_is_read_from_a_part_of_a_picture(share: float) -> None:
    marked = mark_image(sample("face_a.jpg"), MARKS)
    left, top = 37, 11
    part = marked.crop((left, top, left + round(marked.width * share), top + round(marked.height * share)))
    assert code_in(files.saved(part, "JPEG", quality=75)) == CODE


def test_a_picture_that_was_never_marked_has_no_code() -> None:
    assert code_in((SAMPLES / "face_a.jpg").read_bytes()) is None
    assert code_in(files.picture("PNG")) is None


@pytest.mark.parametrize(
    ("plugin", "mode"), [("PNG", "RGBA"), ("PNG", "L"), ("JPEG", "RGB"), ("WEBP", "RGB")]
)
def test_each_format_keeps_its_size_and_look(plugin: str, mode: str) -> None:
    image = sample("face_b.jpg").convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    content = files.saved(image, plugin)
    marked = operations.mark_result(content, Limits(), 2 * 10**6, Marks(CODE))
    assert marked.content is not None
    assert is_marked(marked.content)
    assert inspect(marked.content, Limits()).media_type == f"image/{plugin.lower()}"
    with Image.open(BytesIO(marked.content)) as result:
        difference = ImageChops.difference(result.convert("RGB"), image.convert("RGB"))
        assert max(ImageStat.Stat(difference).mean) < 3
        assert result.has_transparency_data == (mode == "RGBA")
    assert code_in(marked.content) == CODE


def test_the_label_is_in_the_corner_alone() -> None:
    image = Image.new("RGB", (400, 300), "orange")
    changed = ImageChops.difference(mark_image(image, Marks(label=True)), image).getbbox()
    assert changed is not None
    left, top, right, bottom = changed
    assert (left > 360, top > 270, right <= 400, bottom <= 300) == (True, True, True, True)


def test_the_frames_of_a_video_are_marked() -> None:
    content = sample_clip(1)
    media = operations.mark_result(content, Limits(), 10**7, MARKS)
    assert media.content is None
    fitted = operations.fit_result(content, media.media, 10**7, 600, MARKS)
    # With several threads, x264 never makes exactly the same file.
    assert len(fitted.content) < 1.4 * len(content)
    assert is_marked(fitted.content)
    assert code_in(fitted.content) == CODE


def test_the_watermark_of_a_video_survives() -> None:
    frames = video_reencoding.camera_over(sample("face_a.jpg"), (1280, 720), 31)
    content = video_reencoding.encoded(frames, crf=20)
    media = operations.mark_result(content, Limits(), 10**7, Marks(CODE)).media
    marked = operations.fit_result(content, media, 10**7, 600, Marks(CODE)).content
    # The same quality at the full size keeps more than at half of it.
    harder = [each for each in video_reencoding.ALL if each is not video_reencoding.crf_28]
    codes = {each.__name__: code_in(each(marked)) for each in harder}
    assert codes == dict.fromkeys(codes, CODE)


def test_a_video_that_cannot_be_encoded_in_time_is_delivered_with_the_mark_in_its_metadata() -> None:
    content = files.video(width=320, height=240, frames=24, rate=12)
    media = operations.mark_result(content, Limits(), 10**7, MARKS).media
    fitted = operations.fit_result(content, media, 10**7, 0, MARKS)
    assert is_marked(fitted.content)
    # Its frames are those of the result, without a watermark.
    assert fitted.content == mark(content, "video/mp4")


def test_a_code_names_the_day_and_the_job() -> None:
    assert CODE.day <= 1_800_000_000 < CODE.day + 86_400
    assert CODE.belongs_to("0123")
    assert not CODE.belongs_to("0124")
