"""Media of SimCord's page, shown without a process for each picture."""

from collections import OrderedDict
from io import BytesIO

from PIL import Image
from simcord.preview._media import MediaInfo, MediaWorker  # pyright: ignore[reportPrivateUsage]

# Formats that every browser shows.
TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
# SimCord forgets a video with the page that showed it, and would convert it again for the next one.
KEPT_VIDEOS = 20


class QuickMedia(MediaWorker):
    """Passes pictures through, and converts each video once."""

    def __init__(self) -> None:
        super().__init__()
        self._converted: OrderedDict[tuple[str, float | None], MediaInfo] = OrderedDict()

    async def validate(self, key: str, blob: bytes, *, media_time: float | None = None) -> MediaInfo:
        if media_time is None and (info := _picture(blob)) is not None:
            return info
        if (known := self._converted.get((key, media_time))) is not None:
            self._converted.move_to_end((key, media_time))
            return known
        info = await super().validate(key, blob, media_time=media_time)
        self._converted[key, media_time] = info
        if len(self._converted) > KEPT_VIDEOS:
            self._converted.popitem(last=False)
        return info


def _picture(blob: bytes) -> MediaInfo | None:
    """Read the header of a picture that browsers show; other media gives None."""
    try:
        with Image.open(BytesIO(blob), formats=list(TYPES)) as picture:
            width, height = picture.size
            return MediaInfo(
                format=str(picture.format),
                width=width,
                height=height,
                frames=1,
                decoded_bytes=0,
                normalized=blob,
                content_type=TYPES[str(picture.format)],
            )
    except (OSError, Image.DecompressionBombError):
        return None
