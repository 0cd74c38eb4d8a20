"""Face swap v4: the largest face of one picture onto the largest of another, quickly or thoroughly."""

import cv2

from bot.sandbox.faces.face import Portrait
from bot.sandbox.faces.order import Order, Rendering
from bot.sandbox.faces.pipeline import Bench, delivered, warn_about
from bot.sandbox.faces.swapping.restore import Restoration
from bot.sandbox.faces.swapping.swap import Manner, swap_face


def render(bench: Bench, order: Order) -> Rendering:
    wishes, notes = order.parameters, order.notes
    thorough = wishes["model_type"] == "quality"
    notes.ignored["hardware"] = "there is only this machine"
    if wishes["swap_type"] == "head":
        notes.approximated["swap_type"] = (
            "the face was swapped; hair and the shape of the head stay the target's"
        )
    manner = Manner(
        keep_tone=wishes["style_type"] == "normal",
        sampling=cv2.INTER_LANCZOS4 if thorough else cv2.INTER_LINEAR,
        restoration=Restoration(0.35) if thorough else None,
        seed=wishes["seed"],
    )
    source = bench.source(order, "source_image", deep=thorough)
    target = bench.target(order, "target_image", deep=thorough)
    warn_about(notes, source.largest.face, "source's")
    warn_about(notes, target.largest.face, "target's")
    result = swap_face(source.largest, target.largest, manner)
    notes.faces_swapped = 1
    bench.compare(notes, source.largest, Portrait(result, target.largest.face))
    return delivered(order, target.photo.with_picture(result), "image_format", "image_quality")
