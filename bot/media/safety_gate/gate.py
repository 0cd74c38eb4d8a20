"""Judges pictures; what it saw stays here, and only the judgement leaves."""

import numpy as np
from PIL import Image

from bot.media.safety_gate.network import SIDE, classify

_EXPLICIT = ("porn", "hentai")


def is_explicit(picture: Image.Image, threshold: float) -> bool:
    """Return whether the probability of the explicit classes together reaches the threshold."""
    small = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    probabilities = classify(np.asarray(small, np.float32) / np.float32(255))
    return sum(probabilities[name] for name in _EXPLICIT) >= threshold
