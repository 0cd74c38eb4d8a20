"""Tests of bot.jobs.unknown."""
