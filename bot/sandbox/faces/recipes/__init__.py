"""A recipe for each of Segmind's models."""

from collections.abc import Callable

from bot.sandbox.faces.order import Order
from bot.sandbox.faces.pipeline import Pipeline
from bot.sandbox.faces.recipes import ai_face_swap, faceswap_comic, faceswap_v4, faceswap_v5, multifaceswap
from bot.sandbox.segmind.engine import Rendering

Recipe = Callable[[Pipeline, Order], Rendering]

RECIPES: dict[str, Recipe] = {
    "faceswap-v4": faceswap_v4.render,
    "faceswap-v5": faceswap_v5.render,
    "faceswap-v3-multifaceswap": multifaceswap.render,
    "faceswap-comic": faceswap_comic.render,
    "ai-face-swap": ai_face_swap.render,
}
