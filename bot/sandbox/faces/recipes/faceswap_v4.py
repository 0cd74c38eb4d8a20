"""Face swap v4: the largest face of one picture onto the largest of another, quickly or thoroughly."""

import cv2

from bot.sandbox.faces.face import Portrait
from bot.sandbox.faces.order import Order
from bot.sandbox.faces.pipeline import Pipeline, encode_result, warn_about
from bot.sandbox.faces.swapping.restore import Restoration
from bot.sandbox.faces.swapping.swap import SwapOptions, swap_face
from bot.sandbox.segmind.engine import Rendering


def render(pipeline: Pipeline, order: Order) -> Rendering:
    parameters, notes = order.parameters, order.notes
    thorough = parameters["model_type"] == "quality"
    notes.ignored["hardware"] = "there is only this machine"
    if parameters["swap_type"] == "head":
        notes.approximated["swap_type"] = (
            "the face was swapped; hair and the shape of the head stay the target's"
        )
    options = SwapOptions(
        keep_tone=parameters["style_type"] == "normal",
        sampling=cv2.INTER_LANCZOS4 if thorough else cv2.INTER_LINEAR,
        restoration=Restoration(0.35) if thorough else None,
        seed=parameters["seed"],
    )
    source = pipeline.source(order, "source_image", deep=thorough)
    target = pipeline.target(order, "target_image", deep=thorough)
    warn_about(notes, source.largest.face, "source's")
    warn_about(notes, target.largest.face, "target's")
    result = swap_face(source.largest, target.largest, options)
    notes.faces_swapped = 1
    pipeline.compare(notes, source.largest, Portrait(result, target.largest.face))
    return encode_result(order, target.photo.with_picture(result), "image_format", "image_quality")
