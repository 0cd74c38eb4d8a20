"""The mark in the metadata of a result, as a test looks for it."""

from bot.media import sniff
from bot.media.marks.provenance import DIGITAL_SOURCE_TYPE, mark


def is_marked(content: bytes) -> bool:
    """Return True if the file has the mark, where the bot itself finds it."""
    return DIGITAL_SOURCE_TYPE.encode() in content and mark(content, sniff.any_media_type(content)) is content
