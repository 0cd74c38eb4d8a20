"""Small copies of pictures: upright, no larger than needed, and without metadata."""

from contextlib import suppress
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
    """Encode an upright picture at its own size, without metadata; this may change it."""
    result = BytesIO()
    # Transparency stays, because some models use it.
    if image.has_transparency_data:
        # The default level takes more than twice as long, to save a seventh of the bytes.
        _pixels_only(image, "RGBA").save(result, "PNG", compress_level=3)
        return SmallCopy(result.getvalue(), ".png")
    _pixels_only(image, "RGB").save(result, "JPEG", quality=jpeg_quality)
    return SmallCopy(result.getvalue(), ".jpg")


def _pixels_only(image: Image.Image, mode: str) -> Image.Image:
    """Convert a picture to sRGB and drop its metadata, which an encoder would write too.

    It makes no copy if it can, because one of a large picture takes 100 MB.
    """
    image = picture.eight_bits(image)
    _to_srgb(image)
    if image.mode != mode:
        image = image.convert(mode)
    image.info = {}
    return image


def _to_srgb(image: Image.Image) -> None:
    profile = image.info.get("icc_profile")
    if not profile or not image.mode.startswith("RGB"):
        return
    # Viewers ignore a profile that they cannot read, too.
    with suppress(ImageCms.PyCMSError, OSError):
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        # Pillow does not type the colour temperature.
        srgb = ImageCms.ImageCmsProfile(
            ImageCms.createProfile("sRGB")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        )
        ImageCms.profileToProfile(image, source, srgb, inPlace=True)
