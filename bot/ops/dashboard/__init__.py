"""The operator's page: what the bot does right now and did lately, and the switch that pauses new jobs."""

from bot.ops.dashboard.routes import OperatorPage
from bot.ops.dashboard.snapshot import Figures, Sources
from bot.ops.dashboard.timeseries import Ring

__all__ = ["Figures", "OperatorPage", "Ring", "Sources"]
