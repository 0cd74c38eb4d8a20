"""Detection of a file's format by its first bytes."""

import re

from bot.media.types import Unrecognised, Unsupported

SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
}

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\0\0\1\0", "image/x-icon"),
    (b"8BPS\0\1", "image/vnd.adobe.photoshop"),
    (b"\xff\x0a", "image/jxl"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\0\0\1\xba", "video/mpeg"),
    (b"\0\0\1\xb3", "video/mpeg"),
    (b"FLV\1", "video/x-flv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-wmv"),
    (b"OggS", "application/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"%PDF-", "application/pdf"),
    (b"PK\3\4", "application/zip"),
    (b"Rar!\x1a\7", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b\x08", "application/gzip"),
)
_RIFF = {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo", b"WAVE": "audio/wav"}
_BRANDS = {
    b"qt  ": "video/quicktime",
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"hevc": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
    b"crx ": "image/x-canon-cr3",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
}
# QuickTime is older than the ftyp box, so its files may begin with these boxes.
_QUICKTIME_FIRST = {b"moov", b"mdat", b"wide", b"pnot", b"free", b"skip"}
_WEB_PAGE = re.compile(rb"<(!doctype html|html|head|body)\b", re.IGNORECASE)
_SNIFFED_BYTES = 1024


def media_type(content: bytes) -> str:
    """Return a media type in `SUFFIXES`; raises `Unsupported` or `Unrecognised` for everything else."""
    found = any_media_type(content)
    if found not in SUFFIXES:
        raise Unsupported(found)
    return found


def any_media_type(content: bytes) -> str:
    """Return any known media type; raises `Unrecognised` for everything else."""
    return _by_signature(content) or _by_text(content)


def _by_signature(content: bytes) -> str | None:
    for signature, found in _SIGNATURES:
        if content.startswith(signature):
            return found
    if content.startswith(b"RIFF"):
        return _RIFF.get(content[8:12])
    if content.startswith(b"\x1a\x45\xdf\xa3"):
        # The document type is in the first few dozen bytes. Of Matroska, only WebM is supported.
        return "video/webm" if b"\x42\x82\x84webm" in content[:64] else "video/x-matroska"
    if content[4:8] == b"ftyp":
        return _BRANDS.get(content[8:12], "video/mp4")
    return "video/quicktime" if content[4:8] in _QUICKTIME_FIRST else None


def _by_text(content: bytes) -> str:
    signature = content[:_SNIFFED_BYTES]
    if not signature:
        raise Unrecognised("nothing")
    start = signature.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<svg") or (start.startswith(b"<?xml") and b"<svg" in start):
        return "image/svg+xml"
    if _WEB_PAGE.match(start):
        raise Unrecognised("html")
    # The cut may split the last character, which does not make the file binary.
    text = signature.decode("utf-8", errors="ignore")
    plain = len(text.encode()) >= len(signature) - 3 and all(
        c.isprintable() or c in "\t\r\n\f\ufeff" for c in text
    )
    raise Unrecognised("text" if plain else "unknown")
