"""Opens untrusted pictures safely, and writes results marked as AI-generated."""

import contextlib
import io
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from bot.media.marks.provenance import mark
from bot.sandbox.faces.arrays import Picture, floats, pixels
from bot.sandbox.faces.errors import CannotSwap

MAX_PIXELS = 20_000_000
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
_SMALLEST_SIDE = 16
_OPAQUE = 255
_WITH_PROFILE = ("RGB", "CMYK")


@dataclass(frozen=True, eq=False)
class Photo:
    """A decoded picture."""

    picture: Picture
    alpha: Picture | None = None
    """Height by width; None for an opaque picture."""
    animated: bool = False

    def on_white(self) -> Picture:
        if self.alpha is None:
            return self.picture
        return np.asarray(_flatten(Image.fromarray(self.picture), self.alpha))

    def with_picture(self, picture: Picture) -> "Photo":
        return replace(self, picture=picture)


def is_picture(content: bytes) -> bool:
    try:
        with _opened(content):
            return True
    except UnidentifiedImageError:
        return False
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return True  # `read_photo` raises the error that it is too large.


def read_photo(content: bytes, label: str) -> Photo:
    """Read an upright, 8-bit sRGB picture without metadata; `label` names it in errors."""
    try:
        with _opened(content) as image:
            _check_size(image.size, label)
            return _decoded(image)
    except UnidentifiedImageError as error:
        raise CannotSwap(f"The {label} is not a picture that can be read.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise CannotSwap(_too_large(label)) from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise CannotSwap(f"The {label} is damaged and cannot be read to its end.") from error


def _opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content), formats=_FORMATS)


def _check_size(size: tuple[int, int], label: str) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise CannotSwap(_too_large(label))
    if min(size) < _SMALLEST_SIDE:
        raise CannotSwap(f"The {label} is only {size[0]} by {size[1]} pixels: too small to show a face.")


def _too_large(label: str) -> str:
    return f"The {label} has more than {MAX_PIXELS // 1_000_000} million pixels. Please send a smaller one."


def _decoded(image: Image.Image) -> Photo:
    animated = bool(getattr(image, "is_animated", False))
    upright = ImageOps.exif_transpose(image)
    plain, alpha = _eight_bit(upright), None
    if plain.has_transparency_data:
        plain = plain.convert("RGBA")
        alpha = np.asarray(plain.getchannel("A"))
        if alpha.min() == _OPAQUE:
            alpha = None
    return Photo(np.asarray(_in_srgb(plain, upright.info.get("icc_profile"))), alpha, animated)


def _eight_bit(image: Image.Image) -> Image.Image:
    """Scale deeper gray pictures to 8 bits, because Pillow would clip them to white."""
    if not image.mode.startswith(("I", "F")):
        return image
    values = floats(np.asarray(image))
    brightest = float(values.max())
    if image.mode.startswith("I") and brightest > _OPAQUE:
        brightest = 65535
    return Image.fromarray(pixels(values * (255 / max(brightest, 1))))


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert wider colour spaces, as phones use them, because the profile is dropped with the metadata."""
    if profile and image.mode in _WITH_PROFILE:
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):  # Some profiles are broken.
            given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            converted = ImageCms.profileToProfile(image, given, srgb, outputMode="RGB")  # pyright: ignore[reportUnknownArgumentType]
            return converted or image
    return image.convert("RGB")


def write_photo(photo: Photo, kind: str, quality: int) -> bytes:
    image = Image.fromarray(photo.picture)
    stream = io.BytesIO()
    if photo.alpha is not None and kind != "jpeg":
        image.putalpha(Image.fromarray(photo.alpha))
    elif photo.alpha is not None:
        image = _flatten(image, photo.alpha)
    if kind == "png":
        # Higher levels take several times as long and save a few per cent.
        image.save(stream, "PNG", compress_level=3)
    elif kind == "webp":
        image.save(stream, "WEBP", quality=quality, method=2)
    else:
        image.save(stream, "JPEG", quality=quality)
    return mark(stream.getvalue(), f"image/{kind}")


def _flatten(image: Image.Image, alpha: Picture) -> Image.Image:
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=Image.fromarray(alpha))
    return white
