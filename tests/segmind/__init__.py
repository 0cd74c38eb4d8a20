"""Tests of `bot.segmind`: tables for the pure modules, and a misbehaving server for the client."""
