"""A picture becomes a portrait to keep: upright, no larger than needed, and without any metadata."""

from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageCms

from bot.media import picture, probe
from bot.models import MediaKind

LONGEST_SIDE = 1536
# High enough that a face loses nothing that a model would see.
_JPEG_QUALITY = 92


class NoPicture(probe.UnusableMedia):
    """A video, where a face is wanted."""


@dataclass(frozen=True, slots=True)
class NormalizedPicture:
    content: bytes
    suffix: str
    """With its dot."""


def normalize(content: bytes, limits: probe.Limits) -> NormalizedPicture:
    """Raises `UnusableMedia` where there is no picture in it."""
    media = probe.inspect(content, limits)
    if media.kind is not MediaKind.PICTURE:
        raise NoPicture
    image = picture.upright(content, media.media_type)
    try:
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
        return _encoded(image)
    except Exception as error:  # Pillow's decoders raise whatever a hostile byte leads them to.
        raise probe.Damaged(media.media_type) from error


def suffix_of(content: bytes) -> str:
    return ".png" if content.startswith(b"\x89PNG") else ".jpg"


def _encoded(image: Image.Image) -> NormalizedPicture:
    result = BytesIO()
    # What can be seen through is kept: some models look at it.
    if image.has_transparency_data:
        _bare(image, "RGBA").save(result, "PNG")
        return NormalizedPicture(result.getvalue(), ".png")
    _bare(image, "RGB").save(result, "JPEG", quality=_JPEG_QUALITY)
    return NormalizedPicture(result.getvalue(), ".jpg")


def _bare(image: Image.Image, mode: str) -> Image.Image:
    """The pixels alone, in the usual colours: an encoder writes whatever else it finds beside them."""
    plain = _usual_colours(picture.eight_bits(image)).convert(mode)
    bare = Image.new(mode, plain.size)
    bare.paste(plain)
    return bare


def _usual_colours(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if not profile or not image.mode.startswith("RGB"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        # Pillow leaves the temperature of its colours untyped.
        usual = ImageCms.ImageCmsProfile(
            ImageCms.createProfile("sRGB")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        )
        turned = ImageCms.profileToProfile(image, source, usual)
    except (ImageCms.PyCMSError, OSError):
        # A profile that nobody can read changes nothing elsewhere either.
        return image
    return turned or image
