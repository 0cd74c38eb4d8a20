"""Seeds of orders: a fresh one for each, unless the member typed one."""

import secrets
from collections.abc import Mapping
from typing import Any

from bot.chat.ui.order_summary import SEED
from bot.models import FaceModel

_SEEDS = 2**31


def with_seed(model: type[FaceModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with a random seed, if the model has one and none was typed.

    With the documented default, every member would get the same picture for the same files.
    """
    if SEED not in model.model_fields or values.get(SEED) is not None:
        return dict(values)
    return {**values, SEED: secrets.randbelow(_SEEDS)}
