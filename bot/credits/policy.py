"""What an order costs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.models import ModelCard


@dataclass(frozen=True, slots=True)
class Prices:
    usd: float = 0.01
    """What one credit is worth."""
    fixed: Mapping[str, int] = field(default_factory=dict[str, int])
    """Prices that the operator set, by slug; the others follow from the documented cost."""

    def unit(self, card: ModelCard) -> int:
        """The price of one picture, or of each started stretch of video."""
        # Cents are not exact in binary: 0.05 / 0.01 is 5.000000000000001 on some inputs, and must stay 5.
        return self.fixed.get(card.slug, math.ceil(round(card.usd / self.usd, 6)))

    def of(self, card: ModelCard, seconds: float | None) -> int:
        """The price of one order; `seconds` is the length of its video, if it has one."""
        if seconds is None or card.per_seconds is None:
            return self.unit(card)
        return self.unit(card) * max(1, math.ceil(round(seconds / card.per_seconds, 6)))
