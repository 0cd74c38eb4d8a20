"""Saying to machines that a result was made by a machine (XMP).

The mark is IPTC's digital source type, which the EU's AI Act (Art. 50) can be met with. It is put into the
container around the pixels, so nothing is encoded again.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from bot.media import sniff
from bot.media.formats import jpeg, mp4, png, webp
from bot.media.types import UnusableMedia

DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"

_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    f' Iptc4xmpExt:DigitalSourceType="{DIGITAL_SOURCE_TYPE}"/>'
    "</rdf:RDF></x:xmpmeta>"
    '<?xpacket end="w"?>'
).encode()


class _Carrier(NamedTuple):
    read: Callable[[bytes], bytes | None]
    write: Callable[[bytes, bytes], bytes]


_CARRIERS = {
    png.MEDIA_TYPE: _Carrier(png.read_xmp, png.with_xmp),
    jpeg.MEDIA_TYPE: _Carrier(jpeg.read_xmp, jpeg.with_xmp),
    webp.MEDIA_TYPE: _Carrier(webp.read_xmp, webp.with_xmp),
} | {
    found: _Carrier(partial(mp4.read_xmp, found=found), partial(mp4.with_xmp, found=found))
    for found in ("video/mp4", "video/quicktime")
}


def mark(content: bytes, media_type: str) -> bytes:
    """The same picture or video with the mark, in place of any other XMP; marked already, the same object.

    What cannot carry the mark comes back as it is: a result is never lost for its label.
    """
    carrier = _CARRIERS.get(media_type)
    if carrier is None:
        return content
    try:
        return content if _says_so(carrier.read(content)) else carrier.write(content, _PACKET)
    except UnusableMedia:
        return content


def is_marked(content: bytes) -> bool:
    try:
        carrier = _CARRIERS.get(sniff.media_type(content))
        return carrier is not None and _says_so(carrier.read(content))
    except UnusableMedia:
        return False


def _says_so(packet: bytes | None) -> bool:
    return packet is not None and DIGITAL_SOURCE_TYPE.encode() in packet
