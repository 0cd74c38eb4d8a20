"""Output of a completed job, found in a response of any form: a URL, or the bytes themselves (pure)."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote_to_bytes, urlsplit


@dataclass(frozen=True, slots=True)
class Link:
    """Output at a URL, which Segmind keeps for 7 days."""

    url: str


@dataclass(frozen=True, slots=True)
class Inline:
    """Output inside the response."""

    content: bytes = field(repr=False)


Output = Link | Inline

# In order of preference. Only `output` as a URL was observed live; the others are documented for some
# models (`images[]`, `video`, `audio`) or used by integrators.
_KEYS = ("output", "video", "images", "image", "image_url", "video_url", "url", "audio", "result", "data")
_BYTES_KEYS = ("b64_json", "base64", "content")
_MAX_DEPTH = 6
_MAX_URL_LENGTH = 8192
# Base64 counts only if it begins as a picture or video does, because "done" is valid base64 too.
_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"\x1aE\xdf\xa3", b"ID3", b"OggS")
_MIN_BASE64 = 16


def output_of(value: Any) -> Output | None:
    """Find the first URL or media in `value`."""
    return next(_outputs(value, _MAX_DEPTH), None)


def link_of(value: Any) -> Link | None:
    """Find the first URL in `value`."""
    return next((found for found in _outputs(value, _MAX_DEPTH) if isinstance(found, Link)), None)


def _outputs(value: Any, depth: int) -> Iterator[Output]:
    if depth == 0:
        return
    if isinstance(value, str):
        if (found := _from_text(value.strip())) is not None:
            yield found
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _outputs(item, depth - 1)
    elif isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        for key in (*_KEYS, *_BYTES_KEYS):
            yield from _outputs(fields.get(key), depth - 1)


def _from_text(text: str) -> Output | None:
    if text[:5].lower() == "data:":
        return _from_data_uri(text)
    if text[:8].lower().startswith(("http://", "https://")):
        return Link(text) if is_url(text) else None
    content = _decoded(text)
    return Inline(content) if content is not None and _is_media(content) else None


def is_url(text: str) -> bool:
    """Return whether `text` is an http(s) URL with a host, and nothing else."""
    if len(text) > _MAX_URL_LENGTH or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _from_data_uri(text: str) -> Output | None:
    header, comma, payload = text.partition(",")
    if not comma:
        return None
    content = _decoded(payload) if header.lower().endswith(";base64") else unquote_to_bytes(_ascii(payload))
    return Inline(content) if content else None


def _decoded(text: str) -> bytes | None:
    """Decode base64 of either alphabet, with or without padding and line breaks."""
    compact = "".join(text.split()).translate(str.maketrans("-_", "+/")).rstrip("=")
    if len(compact) < _MIN_BASE64:
        return None
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (ValueError, binascii.Error):
        return None


def _ascii(text: str) -> str:
    return text.encode("ascii", "ignore").decode("ascii")


def _is_media(content: bytes) -> bool:
    return content.startswith(_MAGIC) or content[4:8] == b"ftyp" or content[:4] == b"RIFF"
