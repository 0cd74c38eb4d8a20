"""Machine-readable mark in XMP that a result was made with AI.

The mark is IPTC's digital source type, one way to comply with the EU's AI Act (Art. 50). It goes into the
container around the pixels, so the picture or video is not encoded again.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from bot.media.formats import gif, jpeg, mp4, png, webp
from bot.media.types import UnusableMedia

DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"

_DESCRIPTION = (
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    f' Iptc4xmpExt:DigitalSourceType="{DIGITAL_SOURCE_TYPE}"/>'
).encode()
_END = b"</rdf:RDF>"
_PACKET = (
    (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    ).encode()
    + _DESCRIPTION
    + _END
    + b'</x:xmpmeta><?xpacket end="w"?>'
)
# A longer packet is stored in several parts, which the formats here neither read nor write.
_MOST_BYTES = 32 * 1024


class _XmpFormat(NamedTuple):
    read: Callable[[bytes], bytes | None]
    write: Callable[[bytes, bytes], bytes]


_XMP_FORMATS = {
    png.MEDIA_TYPE: _XmpFormat(png.read_xmp, png.with_xmp),
    jpeg.MEDIA_TYPE: _XmpFormat(jpeg.read_xmp, jpeg.with_xmp),
    webp.MEDIA_TYPE: _XmpFormat(webp.read_xmp, webp.with_xmp),
    gif.MEDIA_TYPE: _XmpFormat(gif.read_xmp, gif.with_xmp),
} | {
    found: _XmpFormat(partial(mp4.read_xmp, found=found), partial(mp4.with_xmp, found=found))
    for found in ("video/mp4", "video/quicktime")
}


def read_xmp(content: bytes, media_type: str) -> bytes | None:
    try:
        xmp_format = _XMP_FORMATS.get(media_type)
        return None if xmp_format is None else xmp_format.read(content)
    except UnusableMedia:
        return None


def mark(content: bytes, media_type: str, former: bytes | None = None) -> bytes:
    """Add the mark to the XMP of the file, or to `former`. Returns the same object if it is marked already.

    Returns a file that cannot carry the mark unchanged, because a member's result must not get lost over it.
    """
    xmp_format = _XMP_FORMATS.get(media_type)
    if xmp_format is None:
        return content
    try:
        packet = xmp_format.read(content)
        return content if _has_mark(packet) else xmp_format.write(content, _with_mark(packet or former))
    except UnusableMedia:
        return content


def _with_mark(packet: bytes | None) -> bytes:
    """Add the mark to a packet that has other contents, such as another tool's mark, or begin a new one."""
    if packet is None or packet.count(_END) != 1 or len(packet) > _MOST_BYTES:
        return _PACKET
    return packet if _has_mark(packet) else packet.replace(_END, _DESCRIPTION + _END)


def _has_mark(packet: bytes | None) -> bool:
    return packet is not None and DIGITAL_SOURCE_TYPE.encode() in packet
