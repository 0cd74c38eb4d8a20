"""Face swap v5: the largest face of one picture onto the largest of another, in the mood of a prompt."""

from bot.sandbox.faces.face import Portrait
from bot.sandbox.faces.order import Order, Rendering
from bot.sandbox.faces.pipeline import Bench, delivered, warn_about
from bot.sandbox.faces.swapping.expression import lent_with, wished_moods, with_moods
from bot.sandbox.faces.swapping.swap import Manner, swap_face

_MOOD_STRENGTH = 1.4


def render(bench: Bench, order: Order) -> Rendering:
    moods = wished_moods(order, "additional_prompt")
    source = bench.source(order, "source_image")
    target = bench.target(order, "target_image", deep=False)
    warn_about(order.notes, source.largest.face, "source's")
    warn_about(order.notes, target.largest.face, "target's")
    face = with_moods(target.largest.face, moods, _MOOD_STRENGTH)
    manner = Manner(seed=order.parameters["seed"], keep_openings=not moods)
    result = swap_face(source.portrait(lent_with(source.largest.face, moods)), target.portrait(face), manner)
    order.notes.faces_swapped = 1
    bench.compare(order.notes, source.largest, Portrait(result, face))
    return delivered(order, target.photo.with_picture(result), "image_format", "quality")
