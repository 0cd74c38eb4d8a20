"""Face swap comic: a person's face, redrawn in the style of the target drawing."""

import cv2
import numpy as np

from bot.sandbox.faces.arrays import Floats, Picture, floats
from bot.sandbox.faces.errors import CannotSwap
from bot.sandbox.faces.face import Portrait
from bot.sandbox.faces.order import Order
from bot.sandbox.faces.photo import read_photo
from bot.sandbox.faces.pipeline import Pipeline, encode_result, warn_about
from bot.sandbox.faces.swapping.drawing import Pen, draw_face
from bot.sandbox.faces.swapping.expression import requested_moods, with_bare_lids, with_moods
from bot.sandbox.faces.swapping.swap import SwapOptions
from bot.sandbox.segmind.engine import Rendering

_BLACK = 8


def render(pipeline: Pipeline, order: Order) -> Rendering:
    parameters = order.parameters
    moods = requested_moods(order, "prompt")
    source = pipeline.source(order, "source_image")
    target = pipeline.target(order, "target_image", deep=True)
    warn_about(order.notes, source.largest.face, "source's")
    face = with_moods(target.largest.face, moods, min(1.6, 0.5 + parameters["cfg"] / 3))
    pen = Pen(
        likeness=parameters["face_strength"],
        style=parameters["style_strength"],
        passes=parameters["steps"],
        gain=min(parameters["cfg"], 4),
        seed=parameters["seed"],
    )
    options = SwapOptions(grow=parameters["grow_mask"], mask=_mask(order, target.photo.picture))
    result = draw_face(
        source.portrait(with_bare_lids(source.largest.face, moods)), target.portrait(face), pen, options
    )
    order.notes.faces_swapped = 1
    pipeline.compare(order.notes, source.largest, Portrait(result, face))
    return encode_result(order, target.photo.with_picture(result), "output_format", "output_quality")


def _mask(order: Order, target: Picture) -> Floats | None:
    """Read the mask; the face may change where it is white."""
    content = order.media.get("mask_image")
    if not content:
        return None
    light = cv2.cvtColor(read_photo(content, "mask").on_white(), cv2.COLOR_RGB2GRAY)
    if int(light.max()) < _BLACK:
        raise CannotSwap(
            "The mask is black all over, so nothing would be swapped. White marks what may change."
        )
    size = (target.shape[1], target.shape[0])
    return floats(cv2.resize(light, size, interpolation=cv2.INTER_LINEAR)) / np.float32(255)
