"""Finds words for moods in a prompt and moves the mesh: mouth corners, lids and brows."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bot.sandbox.faces.arrays import Floats, floats
from bot.sandbox.faces.face import Face
from bot.sandbox.faces.order import Order
from bot.sandbox.faces.topology import LEFT_SIDE, RIGHT_SIDE

_WORDS = {
    "smile": r"\b(smil|happ[iy]|laugh|joy|cheer|grin)",
    "sad": r"\b(sad|cry|unhappy|tear|sorrow)",
    "angry": r"\b(angr|mad\b|furious|frown)",
    "surprised": r"\b(surpris|shock|scared|amaze|wide eyes)",
    "closed eyes": r"\b(sleep|asleep|closed eyes|eyes closed|blink)",
}
# Point, distance up, distance to the right and reach around the point, in fractions of the face's width.
_PUSHES = {
    "smile": ((61, 0.045, -0.03, 0.11), (291, 0.045, 0.03, 0.11), (50, 0.012, 0, 0.1), (280, 0.012, 0, 0.1)),
    "sad": ((61, -0.045, 0.01, 0.1), (291, -0.045, -0.01, 0.1), (107, 0.03, 0, 0.08), (336, 0.03, 0, 0.08)),
    "angry": ((107, -0.035, 0, 0.08), (336, -0.035, 0, 0.08), (61, -0.015, 0, 0.1), (291, -0.015, 0, 0.1)),
    "surprised": ((105, 0.04, 0, 0.14), (334, 0.04, 0, 0.14), (17, -0.05, 0, 0.12)),
}
_UPPER_LIDS = [246, 161, 160, 159, 158, 157, 173, 466, 388, 387, 386, 385, 384, 398]
_LOWER_LIDS = [7, 163, 144, 145, 153, 154, 155, 249, 390, 373, 374, 380, 381, 382]
# The points above the upper lids, where a lid folds, and the points above those, under the brows.
_FOLDS = [247, 30, 29, 27, 28, 56, 190, 467, 260, 259, 257, 258, 286, 414]
_UNDER_BROWS = [113, 225, 224, 223, 222, 221, 189, 342, 445, 444, 443, 442, 441, 413]
_NEARLY_SHUT = 0.92


def moods_in(prompt: str) -> list[str]:
    return [mood for mood, words in _WORDS.items() if re.search(words, prompt, re.IGNORECASE)]


def requested_moods(order: Order, parameter: str) -> list[str]:
    """Return the moods in a prompt, and note how the prompt was treated."""
    prompt = str(order.parameters[parameter]).strip()
    moods = moods_in(prompt)
    if moods:
        order.notes.approximated[parameter] = (
            f"the local engine understands only words for a mood: {', '.join(moods)}"
        )
    elif prompt:
        order.notes.ignored[parameter] = "only words for a mood are understood, and there is none in it"
    return moods


def with_moods(face: Face, moods: Sequence[str], strength: float) -> Face:
    mesh = face.mesh.copy()
    for mood in moods:
        if mood == "closed eyes":
            fall = face.mesh[_LOWER_LIDS, :2] - face.mesh[_UPPER_LIDS, :2]
            mesh[_UPPER_LIDS, :2] += fall * (_NEARLY_SHUT * min(strength, 1))
        for point, upward, rightward, reach in _PUSHES.get(mood, ()):
            mesh[:, :2] += _push(face, point, upward * strength, rightward * strength, reach)
    return replace(face, mesh=mesh)


def with_bare_lids(face: Face, moods: Sequence[str]) -> Face:
    """For closed eyes, cover the lids with skin from under the brows: stretched lashes look like fans."""
    if "closed eyes" not in moods:
        return face
    mesh = face.mesh.copy()
    bare = face.mesh[_UNDER_BROWS] - face.mesh[_FOLDS]
    mesh[_UPPER_LIDS] = face.mesh[_FOLDS] + bare * 0.25
    mesh[_FOLDS] += bare * 0.85
    return replace(face, mesh=mesh)


def _push(face: Face, point: int, upward: float, rightward: float, reach: float) -> Floats:
    flat = face.mesh[:, :2]
    width = float(np.linalg.norm(flat[LEFT_SIDE] - flat[RIGHT_SIDE]))
    distance = np.linalg.norm(flat - flat[point], axis=1) / width
    direction = (face.upward * upward + face.rightward * rightward) * width
    return floats(np.exp(-((distance / reach) ** 2))[:, None] * direction)
