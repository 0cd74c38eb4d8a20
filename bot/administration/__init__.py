"""Decisions of administrators and moderators about their own server, within the operator's bounds."""
