"""Compares the documentation with the project: links, commands, settings, alerts and examples."""
