"""Tests of bot.jobs.waiting."""
