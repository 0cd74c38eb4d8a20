"""The dashboard: present and recent work of the bot, and the switch that pauses submissions."""

from bot.ops.dashboard.proxies import TrustedProxies
from bot.ops.dashboard.routes import Dashboard
from bot.ops.dashboard.sampling import sampled
from bot.ops.dashboard.timeseries import TimeSeries

__all__ = ["Dashboard", "TimeSeries", "TrustedProxies", "sampled"]
