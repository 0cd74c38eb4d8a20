"""Settings: `load` reads them once, and each part of the bot receives the section that it needs."""

from bot.settings.fields import SettingField, describe, known_fields
from bot.settings.names import check_model_names
from bot.settings.sections import (
    C2pa,
    Consent,
    Credits,
    Database,
    Discord,
    Faces,
    Jobs,
    Ops,
    Retention,
    Safety,
    Segmind,
    Settings,
    Shop,
    Uploads,
)
from bot.settings.sources import SettingsError, load, secrets_file

__all__ = [
    "C2pa",
    "Consent",
    "Credits",
    "Database",
    "Discord",
    "Faces",
    "Jobs",
    "Ops",
    "Retention",
    "Safety",
    "Segmind",
    "SettingField",
    "Settings",
    "SettingsError",
    "Shop",
    "Uploads",
    "check_model_names",
    "describe",
    "known_fields",
    "load",
    "secrets_file",
]
