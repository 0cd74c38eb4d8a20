"""Doppel: face swaps for a Discord community, with the bill under control."""

__version__ = "0.2.0"
