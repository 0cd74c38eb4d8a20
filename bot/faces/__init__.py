"""Faces that members keep for later: sealed for their owner alone, and forgotten after a while."""
