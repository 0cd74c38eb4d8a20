"""Tests of saved faces and face pairs."""
