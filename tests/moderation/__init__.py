"""Tests of the room that decides who is let in."""
