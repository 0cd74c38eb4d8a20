"""Settings as tests load them, and the message of settings that are wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.settings import SettingField, Settings, SettingsError, known_fields, load

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "config" / "doppel.toml"
FIELDS = {field.name: field for field in known_fields()}
SECRET = "SG_0123456789abcdef"
FACE_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def value(settings: Settings, field: SettingField) -> Any:
    return getattr(getattr(settings, field.section), field.key)


def written(folder: Path, text: str, secrets: str | None = None) -> Path:
    path = folder / "doppel.toml"
    path.write_text(text, "utf-8")
    if secrets is not None:
        path.with_name("secrets.env").write_text(secrets, "utf-8")
    return path


def complaint(config: Path | None = None, environ: Mapping[str, str] | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        load(config, environ or {})
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message
