"""Rendered people, whose faces the tests know, as files."""

from pathlib import Path

SAMPLES = Path(__file__).parent
