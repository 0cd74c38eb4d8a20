"""Deliberate faults of the local Segmind."""
