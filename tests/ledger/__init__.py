"""Tests of prices, allowances, caps and limits."""
