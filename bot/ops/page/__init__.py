"""The operator's page: what the bot does right now and did lately, and the switch that pauses new jobs."""

from bot.ops.page.figures import Figures, Sources
from bot.ops.page.ring import Ring
from bot.ops.page.routes import OperatorPage

__all__ = ["Figures", "OperatorPage", "Ring", "Sources"]
