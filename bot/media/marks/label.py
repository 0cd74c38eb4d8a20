"""Visible label in the corner of a result: white letters on a dark, translucent box."""

from PIL import Image, ImageDraw, ImageFont

_TEXT = "AI"
# Height of the letters as a share of the shorter side, and the fewest pixels in which they can be read.
_SHARE, _SMALLEST = 0.035, 9
_OPACITY = 140
# A picture whose shorter side is smaller has no space for a label.
_MIN_SIDE = 64


def draw_label(width: int, height: int) -> tuple[Image.Image, tuple[int, int]] | None:
    """Return the label in grey with its opacity, and its place; both even, as video requires."""
    side = min(width, height)
    if side < _MIN_SIDE:
        return None
    font = ImageFont.load_default(max(_SMALLEST, side * _SHARE))
    left, top, right, bottom = font.getbbox(_TEXT)
    padding = max(2, (bottom - top) / 2)
    size = _even(right - left + 2 * padding), _even(bottom - top + 2 * padding)
    label = Image.new("LA", size, (0, 0))
    draw = ImageDraw.Draw(label)
    draw.rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), padding / 2, fill=(0, _OPACITY))
    draw.text((size[0] / 2, size[1] / 2), _TEXT, (255, 255), font, anchor="mm")
    # Discord cuts a little off the edges in a gallery.
    margin = _even(side * _SHARE)
    return label, (_even(width - size[0] - margin), _even(height - size[1] - margin))


def add_label(image: Image.Image) -> None:
    """Draw the label on a picture in RGB or RGBA."""
    drawn = draw_label(*image.size)
    if drawn is not None:
        label, place = drawn
        # Where the picture is transparent, the label is opaque enough to be seen.
        if image.mode == "RGBA":
            image.alpha_composite(label.convert("RGBA"), place)
        else:
            image.paste(label.convert("RGB"), place, label.getchannel("A"))


def _even(length: float) -> int:
    return max(0, round(length) // 2 * 2)
