"""Parsers of file formats: they check a file before a decoder sees it, and read and write its XMP."""
