"""Marks of origin: the label and the watermark in the pixels, and the mark in the metadata."""
