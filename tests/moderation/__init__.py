"""Tests of access checks and fingerprints."""
