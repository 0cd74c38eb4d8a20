"""Figures for the operator's dashboard: the jobs of all processes, read without blocking a writer."""

from bot.store.read.dashboard.past import DAY, HOUR, MINUTE, Past, Reach
from bot.store.read.dashboard.present import Count, PendingApprovals, Present, Worker
from bot.store.read.dashboard.queries import DashboardQueries

__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "Count",
    "DashboardQueries",
    "Past",
    "PendingApprovals",
    "Present",
    "Reach",
    "Worker",
]
