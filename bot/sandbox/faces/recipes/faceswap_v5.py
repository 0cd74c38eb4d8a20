"""Face swap v5: the largest face of one picture onto the largest of another, in the mood of a prompt."""

from bot.sandbox.faces.face import Portrait
from bot.sandbox.faces.order import Order
from bot.sandbox.faces.pipeline import Pipeline, encode_result, warn_about
from bot.sandbox.faces.swapping.expression import requested_moods, with_bare_lids, with_moods
from bot.sandbox.faces.swapping.swap import SwapOptions, swap_face
from bot.sandbox.segmind.engine import Rendering

_MOOD_STRENGTH = 1.4


def render(pipeline: Pipeline, order: Order) -> Rendering:
    moods = requested_moods(order, "additional_prompt")
    source = pipeline.source(order, "source_image")
    target = pipeline.target(order, "target_image", deep=False)
    warn_about(order.notes, source.largest.face, "source's")
    warn_about(order.notes, target.largest.face, "target's")
    face = with_moods(target.largest.face, moods, _MOOD_STRENGTH)
    options = SwapOptions(seed=order.parameters["seed"], keep_openings=not moods)
    result = swap_face(
        source.portrait(with_bare_lids(source.largest.face, moods)), target.portrait(face), options
    )
    order.notes.faces_swapped = 1
    pipeline.compare(order.notes, source.largest, Portrait(result, face))
    return encode_result(order, target.photo.with_picture(result), "image_format", "quality")
