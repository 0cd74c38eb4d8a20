"""Media on the page: pictures as they are, videos converted once."""

from io import BytesIO

import pytest
from PIL import Image
from simcord.preview._media import MediaError  # pyright: ignore[reportPrivateUsage]

from bot.sandbox.quick_media import QuickMedia
from bot.sandbox.welcome import CLIP, SAMPLES


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


async def test_a_video_is_converted_once_however_often_pages_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    media, clip = QuickMedia(), (SAMPLES / CLIP).read_bytes()
    shown = await media.validate("digest", clip)
    assert shown.kind == "video"
    # SimCord releases a video with the page that showed it. Without a program, nothing can be converted.
    media.release("digest")
    monkeypatch.setattr("sys.executable", "/nowhere")
    assert await media.validate("digest", clip) is shown
    await media.close()


async def test_what_is_no_media_is_refused() -> None:
    media = QuickMedia()
    with pytest.raises(MediaError):
        await media.validate("digest", b"no media")
    await media.close()
