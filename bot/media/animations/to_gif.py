"""Rendering of a video as a GIF or, where that is too large, as an animated WebP."""

from bot.media.animations.encoder import Source, Step, encode_gif, encode_webp
from bot.media.deadline import Deadline
from bot.media.marks.provenance import mark
from bot.media.types import CannotFit, Compromise, Fitted, Media

# Bytes that a GIF takes for a pixel of a frame, roughly: enough to skip what is far too large.
_BYTES_PER_PIXEL = 0.15
_ESTIMATE_MARGIN = 3.0
_GIF_STEPS = (Step(25, 1, 256), Step(15, 0.8, 128), Step(12, 0.6, 96))
# A WebP takes half the bytes of a GIF with the same look, but not every program plays it.
_WEBP_STEPS = (Step(15, 0.8, 60), Step(10, 0.5, 45), Step(8, 0.33, 30))


def render(content: bytes, media: Media, limit: int, loops: int, deadline: Deadline) -> Fitted:
    """Return the best rendering within the limit, with the mark of origin; raises `CannotFit`."""
    source = Source(content, media, deadline)
    expected = source.seconds * source.pixels(_GIF_STEPS[0]) * _BYTES_PER_PIXEL
    factor = expected / source.cost(_GIF_STEPS[0])
    for step in _GIF_STEPS:
        if step is not _GIF_STEPS[-1] and source.cost(step) * factor > limit * _ESTIMATE_MARGIN:
            continue
        rendered = encode_gif(source, step, loops)
        marked = b"" if rendered is None else mark(rendered, "image/gif")
        if rendered is None or deadline.expired:
            raise CannotFit(len(content), limit)
        if len(marked) <= limit:
            compromise = None if step is _GIF_STEPS[0] else Compromise.REDUCED
            return Fitted(marked, "image/gif", ".gif", compromise)
        factor = len(marked) / source.cost(step)
    for step in _WEBP_STEPS:
        marked = mark(encode_webp(source, step, loops), "image/webp")
        if deadline.expired:
            break
        if len(marked) <= limit:
            return Fitted(marked, "image/webp", ".webp", Compromise.WEBP)
    raise CannotFit(len(content), limit)
