"""Invisible watermark in the pixels of results, which carries 36 bits through scaling, cropping and encoding.

`pattern` has the tile that repeats over the picture, `embed` adds it, and `detect` reads it. All of them need
numpy, so only media workers import them; `code` needs nothing.
"""
