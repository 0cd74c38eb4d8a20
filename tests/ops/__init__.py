"""Tests of logs, metrics, health, traces and the dashboard."""
