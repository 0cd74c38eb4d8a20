"""Saved faces, encrypted for their owner alone and deleted after a while, and face pairs for swaps."""
