"""Tests of the local face engine, which measure its pictures."""
