"""Transfers the sound of a video: unchanged if MP4 and phones can play it, otherwise as AAC."""

from typing import Protocol

from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

_PLAYS_EVERYWHERE = ("aac", "mp3")
_RATE = 48_000


class Sound(Protocol):
    """Sound track of the result."""

    def write(self, packet: Packet) -> None: ...
    def finish(self) -> None: ...


class CopiedSound:
    """Copies packets unchanged."""

    def __init__(self, source: AudioStream, result: OutputContainer) -> None:
        self._result, self._stream = result, result.add_stream_from_template(source)  # pyright: ignore[reportUnknownMemberType]

    def write(self, packet: Packet) -> None:
        if packet.dts is not None:  # The demuxer's last packet is empty.
            packet.stream = self._stream
            self._result.mux(packet)

    def finish(self) -> None:
        """Copied packets need no flush."""


class EncodedSound:
    """Encodes the sound as AAC."""

    def __init__(self, source: AudioStream, result: OutputContainer) -> None:
        self._source, self._result = source, result
        # Rate and layout are fixed: raw sound often has no layout, and AAC does not support all rates.
        self._stream = result.add_stream("aac", rate=_RATE)  # pyright: ignore[reportUnknownMemberType]
        self._stream.layout = "mono" if source.codec_context.layout.nb_channels == 1 else "stereo"

    def write(self, packet: Packet) -> None:
        for frame in self._source.decode(packet):
            self._result.mux(self._stream.encode(frame))

    def finish(self) -> None:
        self._result.mux(self._stream.encode(None))


def open_sound(source: AudioStream, result: OutputContainer) -> Sound:
    kind = CopiedSound if source.codec_context.codec.canonical_name in _PLAYS_EVERYWHERE else EncodedSound
    return kind(source, result)
