"""Runs the media worker over files that others made to break decoders: `make fuzz`."""
