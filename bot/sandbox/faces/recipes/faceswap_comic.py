"""Face swap comic: a person's face, redrawn in the manner of the drawing it goes into."""

import cv2
import numpy as np

from bot.sandbox.faces.arrays import Floats, Picture, floats
from bot.sandbox.faces.errors import CannotSwap
from bot.sandbox.faces.face import Portrait
from bot.sandbox.faces.order import Order, Rendering
from bot.sandbox.faces.photo import read_photo
from bot.sandbox.faces.pipeline import Bench, delivered, warn_about
from bot.sandbox.faces.swapping.drawing import Pen, draw_face
from bot.sandbox.faces.swapping.expression import lent_with, wished_moods, with_moods
from bot.sandbox.faces.swapping.swap import Manner

_BLACK = 8


def render(bench: Bench, order: Order) -> Rendering:
    wishes = order.parameters
    moods = wished_moods(order, "prompt")
    source = bench.source(order, "source_image")
    target = bench.target(order, "target_image", deep=True)
    warn_about(order.notes, source.largest.face, "source's")
    face = with_moods(target.largest.face, moods, min(1.6, 0.5 + wishes["cfg"] / 3))
    pen = Pen(
        likeness=wishes["face_strength"],
        style=wishes["style_strength"],
        passes=wishes["steps"],
        gain=min(wishes["cfg"], 4),
        seed=wishes["seed"],
    )
    manner = Manner(grow=wishes["grow_mask"], mask=_mask(order, target.photo.picture))
    result = draw_face(
        source.portrait(lent_with(source.largest.face, moods)), target.portrait(face), pen, manner
    )
    order.notes.faces_swapped = 1
    bench.compare(order.notes, source.largest, Portrait(result, face))
    return delivered(order, target.photo.with_picture(result), "output_format", "output_quality")


def _mask(order: Order, target: Picture) -> Floats | None:
    """White is where the face may change."""
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
