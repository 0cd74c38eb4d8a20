"""Tests of `bot.media` with real files, intact and broken, that the tests create."""
