"""Animated pictures: decoded, made from a video, and made into one."""
