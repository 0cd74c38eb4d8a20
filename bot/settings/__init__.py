"""The settings: `load` reads them once, and everything else receives the section that it needs."""

from bot.settings.knobs import Knob, describe, known_keys
from bot.settings.sections import (
    Credits,
    Database,
    Discord,
    Jobs,
    Ops,
    Segmind,
    Settings,
    Shop,
    Uploads,
)
from bot.settings.sources import SettingsError, load

__all__ = [
    "Credits",
    "Database",
    "Discord",
    "Jobs",
    "Knob",
    "Ops",
    "Segmind",
    "Settings",
    "SettingsError",
    "Shop",
    "Uploads",
    "describe",
    "known_keys",
    "load",
]
