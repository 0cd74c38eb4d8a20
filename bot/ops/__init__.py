"""Logs, metrics, health, traces and the dashboard of a running bot."""
