"""Tests over real seams; the folders mirror the packages."""
