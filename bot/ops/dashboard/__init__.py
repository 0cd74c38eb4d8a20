"""The operator's page: what the bot does right now and did lately, and the switch that pauses new jobs."""

from bot.ops.dashboard.routes import OperatorPage
from bot.ops.dashboard.snapshot import SnapshotReader, Sources
from bot.ops.dashboard.timeseries import TimeSeries

__all__ = ["OperatorPage", "SnapshotReader", "Sources", "TimeSeries"]
