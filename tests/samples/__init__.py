"""Rendered people, whose faces the tests know, and part of a retina, as files."""

from pathlib import Path

SAMPLES = Path(__file__).parent
