"""Normalisation of a picture before it is saved: upright, no larger than needed, without metadata."""

from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageCms

from bot.media import picture, probe
from bot.models import MediaKind

LONGEST_SIDE = 1536
# High enough that a face loses nothing that a model would see.
_JPEG_QUALITY = 92


class NoPicture(probe.UnusableMedia):
    """The file is a video, but a picture is needed."""


@dataclass(frozen=True, slots=True)
class NormalizedPicture:
    """An encoded picture and the suffix for its file name."""

    content: bytes
    suffix: str
    """Includes the dot."""


def normalize(content: bytes, limits: probe.Limits) -> NormalizedPicture:
    """Decode, shrink and encode a picture again; raises `UnusableMedia`."""
    media = probe.inspect(content, limits)
    if media.kind is not MediaKind.PICTURE:
        raise NoPicture
    image = picture.upright(content, media.media_type)
    try:
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
        return _encode(image)
    except Exception as error:  # Pillow's decoders raise any kind of error on hostile bytes.
        raise probe.Damaged(media.media_type) from error


def suffix_of(content: bytes) -> str:
    return ".png" if content.startswith(b"\x89PNG") else ".jpg"


def _encode(image: Image.Image) -> NormalizedPicture:
    result = BytesIO()
    # Transparency stays, because some models use it.
    if image.has_transparency_data:
        _pixels_only(image, "RGBA").save(result, "PNG")
        return NormalizedPicture(result.getvalue(), ".png")
    _pixels_only(image, "RGB").save(result, "JPEG", quality=_JPEG_QUALITY)
    return NormalizedPicture(result.getvalue(), ".jpg")


def _pixels_only(image: Image.Image, mode: str) -> Image.Image:
    """Copy the pixels into a new image in sRGB: an encoder would also write any metadata of the old one."""
    converted = _to_srgb(picture.eight_bits(image)).convert(mode)
    copy = Image.new(mode, converted.size)
    copy.paste(converted)
    return copy


def _to_srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if not profile or not image.mode.startswith("RGB"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        # Pillow does not type the colour temperature.
        srgb = ImageCms.ImageCmsProfile(
            ImageCms.createProfile("sRGB")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        )
        converted = ImageCms.profileToProfile(image, source, srgb)
    except (ImageCms.PyCMSError, OSError):
        # Viewers ignore a profile that they cannot read, too.
        return image
    return converted or image
