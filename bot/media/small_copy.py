"""Small copies of pictures: upright, no larger than needed, and without metadata."""

from io import BytesIO

from PIL import Image, ImageCms

from bot.media import picture
from bot.media.types import SmallCopy

# High enough that a face loses nothing that a model would see.
_JPEG_QUALITY = 92


def encode(image: Image.Image) -> SmallCopy:
    """Encode an upright picture that nobody needs any more; this may change it."""
    image.thumbnail((picture.LONGEST_SIDE, picture.LONGEST_SIDE), Image.Resampling.LANCZOS)
    return encode_pixels(image, _JPEG_QUALITY)


def encode_pixels(image: Image.Image, jpeg_quality: int) -> SmallCopy:
    """Encode an upright picture at its own size, without metadata."""
    result = BytesIO()
    # Transparency stays, because some models use it.
    if image.has_transparency_data:
        _pixels_only(image, "RGBA").save(result, "PNG")
        return SmallCopy(result.getvalue(), ".png")
    _pixels_only(image, "RGB").save(result, "JPEG", quality=jpeg_quality)
    return SmallCopy(result.getvalue(), ".jpg")


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
