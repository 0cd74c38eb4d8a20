"""The mark in the metadata of a result, as a test looks for it."""

from bot.media import sniff
from bot.media.marks.provenance import DIGITAL_SOURCE_TYPE, mark


def is_marked(content: bytes, media_type: str | None = None) -> bool:
    """Return True if the file has the mark, where the bot itself finds it in a file of this type."""
    if DIGITAL_SOURCE_TYPE.encode() not in content:
        return False
    return mark(content, media_type or sniff.any_media_type(content)) is content
