"""Duration and price of a request, from its model's card."""

import math
from collections.abc import Mapping
from typing import Any

from bot.media.probe import inspect
from bot.media.types import Limits, UnusableMedia
from bot.models import ModelCard

# Segmind's page says that `hardware` changes the latency, but not by how much: this is a guess.
CHEAP_HARDWARE_SECONDS = 1.6
QUEUE_SHARE = 0.15
_ANY_LENGTH = Limits(video_seconds=3600, frames=1_000_000, min_side=1)


def seconds(card: ModelCard, parameters: Mapping[str, Any]) -> float:
    return card.seconds * (CHEAP_HARDWARE_SECONDS if _is_cheap(parameters) else 1.0)


def usd(card: ModelCard, parameters: Mapping[str, Any], video_seconds: float | None) -> float:
    """Return the price in USD; `video_seconds` is the length of a resulting video."""
    price = card.usd
    for (option, choice), factor in card.factors.items():
        price *= factor if parameters.get(option) == choice else 1.0
    if video_seconds is not None and card.per_seconds is not None:
        price *= max(1, math.ceil(round(video_seconds / card.per_seconds, 6)))
    return round(price, 6)


def video_seconds(content: bytes, media_type: str) -> float | None:
    """Return the length of a video; None for a picture or if the length cannot be read."""
    if not media_type.startswith("video/"):
        return None
    try:
        return inspect(content, _ANY_LENGTH).seconds
    except UnusableMedia:
        return None


def _is_cheap(parameters: Mapping[str, Any]) -> bool:
    return parameters.get("hardware") == "cost"
