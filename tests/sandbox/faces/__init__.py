"""Tests of the local face engine, by measuring its pictures."""
