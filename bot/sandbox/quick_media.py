"""Media of SimCord's page as browsers open them themselves, without a process that converts each."""

import asyncio
from io import BytesIO

import av
from av.error import FFmpegError
from PIL import Image
from simcord.preview._media import MediaInfo, MediaWorker  # pyright: ignore[reportPrivateUsage]

# Formats that every browser shows.
PICTURES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
# FFmpeg counts the duration of a file in these.
MICROSECONDS = 1_000_000
VIDEO_CODEC, AUDIO_CODECS = "h264", ("aac", "mp3")


class QuickMedia(MediaWorker):
    """Passes pictures and usual videos through, and leaves the rest to SimCord's slow processes."""

    async def validate(self, key: str, blob: bytes, *, media_time: float | None = None) -> MediaInfo:
        # The page asks for the poster of a video at zero.
        if not media_time:
            info = _picture(blob) or await asyncio.to_thread(_video, blob)
            if info is not None:
                return info
        return await super().validate(key, blob, media_time=media_time)


def _picture(blob: bytes) -> MediaInfo | None:
    try:
        with Image.open(BytesIO(blob), formats=list(PICTURES)) as picture:
            kind = str(picture.format)
            return _info(kind, picture.size, blob, PICTURES[kind])
    except (OSError, Image.DecompressionBombError):
        return None


def _video(blob: bytes) -> MediaInfo | None:
    try:
        with av.open(BytesIO(blob), "r", format="mp4") as container:
            video = container.streams.video[0]
            sound = [stream.codec_context.name for stream in container.streams.audio]
            if video.codec_context.name != VIDEO_CODEC or not set(sound) <= set(AUDIO_CODECS):
                return None
            poster = BytesIO()
            frame = next(container.decode(video))
            Image.fromarray(frame.to_ndarray(format="rgb24")).save(poster, "PNG", compress_level=1)
            duration = (container.duration or 0) / MICROSECONDS
            size = (frame.width, frame.height)
            return _info(
                "MP4", size, blob, "video/mp4", kind="video", duration=duration, poster=poster.getvalue()
            )
    except (FFmpegError, IndexError, StopIteration):
        return None


def _info(
    name: str,
    size: tuple[int, int],
    blob: bytes,
    content_type: str,
    *,
    kind: str = "image",
    duration: float = 0.0,
    poster: bytes | None = None,
) -> MediaInfo:
    width, height = size
    return MediaInfo(
        format=name,
        width=width,
        height=height,
        frames=1,
        decoded_bytes=0,
        normalized=blob,
        content_type=content_type,
        kind=kind,
        duration=duration,
        poster=poster,
        # Without this, the page warns of a process without a limit, and there was none.
        memory_limited=True,
    )
