"""The dashboard: present and recent work of the bot, and the switch that pauses submissions."""

from bot.ops.dashboard.proxies import TrustedProxies
from bot.ops.dashboard.routes import Dashboard
from bot.ops.dashboard.snapshot import SnapshotReader
from bot.ops.dashboard.timeseries import TimeSeries

__all__ = ["Dashboard", "SnapshotReader", "TimeSeries", "TrustedProxies"]
