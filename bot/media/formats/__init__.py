"""The containers byte by byte: one module each, for what must be known before a decoder may see a file."""
