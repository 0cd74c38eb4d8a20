"""Judges pictures; returns only the judgement, and keeps the probabilities to itself."""

import numpy as np
from PIL import Image

from bot.media.safety_gate.network import SIDE, classify
from bot.media.types import Judgement

_EXPLICIT = ("porn", "hentai")


def judge(picture: Image.Image, explicit: float, doubtful: float | None) -> Judgement:
    """Judge a picture by the probability of the explicit classes together."""
    small = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    probabilities = classify(np.asarray(small, np.float32) / np.float32(255))
    probability = sum(probabilities[name] for name in _EXPLICIT)
    if probability >= explicit:
        return Judgement.EXPLICIT
    in_doubt = doubtful is not None and probability >= doubtful
    return Judgement.DOUBTFUL if in_doubt else Judgement.SAFE
