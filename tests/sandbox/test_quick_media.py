"""Media on the page: pictures and usual videos as they are."""

from io import BytesIO

import pytest
from PIL import Image
from simcord.preview._media import MediaError  # pyright: ignore[reportPrivateUsage]

from bot.sandbox.avatars import SAMPLES
from bot.sandbox.quick_media import QuickMedia
from bot.sandbox.welcome import CLIP


def picture(kind: str) -> bytes:
    output = BytesIO()
    Image.new("RGB", (30, 20)).save(output, kind)
    return output.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
async def test_a_picture_is_shown_as_it_is(kind: str) -> None:
    content = picture(kind)
    info = await QuickMedia().validate("digest", content)
    assert (info.normalized, info.content_type) == (content, f"image/{kind.lower()}")
    assert (info.width, info.height) == (30, 20)


@pytest.mark.parametrize("media_time", [None, 0], ids=["video", "poster"])
async def test_a_usual_video_is_shown_as_it_is_with_a_poster(media_time: float | None) -> None:
    clip = (SAMPLES / CLIP).read_bytes()
    info = await QuickMedia().validate("digest", clip, media_time=media_time)
    assert (info.normalized, info.content_type, info.kind) == (clip, "video/mp4", "video")
    assert info.poster is not None
    assert Image.open(BytesIO(info.poster)).size == (info.width, info.height) == (640, 360)
    assert info.duration == pytest.approx(3.0, abs=0.1)


async def test_what_is_no_media_is_refused() -> None:
    media = QuickMedia()
    with pytest.raises(MediaError):
        await media.validate("digest", b"no media")
    await media.close()
