"""Changes to pictures between the bot and the next person who sees them."""

from PIL import Image

from tests.media.files import saved


def jpeg_60(image: Image.Image) -> bytes:
    return saved(image, "JPEG", quality=60)


def half_size(image: Image.Image) -> bytes:
    return saved(_scaled(image, 0.5), "JPEG", quality=85)


def cropped(image: Image.Image) -> bytes:
    """Cut a tenth off the width and the height, more of it on one side."""
    width, height = image.size
    left, top = round(width * 0.03), round(height * 0.08)
    return saved(image.crop((left, top, left + round(width * 0.9), top + round(height * 0.9))), "JPEG")


def discord_preview(image: Image.Image) -> bytes:
    """Reduce a picture as Discord does for the chat: within 550 by 350, as WebP."""
    return saved(_scaled(image, min(1, 550 / image.width, 350 / image.height)), "WEBP", quality=80)


def screenshot(image: Image.Image) -> bytes:
    """Show a picture at 80 %, with a little of it out of sight, and save the screen."""
    width, height = image.size
    seen = image.crop((round(width * 0.02), 0, width, round(height * 0.97)))
    return saved(_scaled(seen, 0.8, Image.Resampling.BILINEAR), "JPEG", quality=80)


def _scaled(
    image: Image.Image, factor: float, resampling: Image.Resampling = Image.Resampling.LANCZOS
) -> Image.Image:
    return image.resize((round(image.width * factor), round(image.height * factor)), resampling)


ALL = (jpeg_60, half_size, cropped, discord_preview, screenshot)


def unchanged(image: Image.Image) -> bytes:
    return saved(image, "PNG")
