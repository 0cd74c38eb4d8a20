"""Mirrors the room of the same name."""
