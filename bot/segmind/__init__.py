"""Segmind: what is sent and answered (pure), and the thin client that carries it."""
