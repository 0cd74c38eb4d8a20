"""Carries the sound of a video over: untouched where MP4 and phones can play it, as AAC otherwise."""

from typing import Protocol

from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

_PLAYS_EVERYWHERE = ("aac", "mp3")
_RATE = 48_000


class Sound(Protocol):
    def take(self, packet: Packet) -> None: ...
    def finish(self) -> None: ...


class Copied:
    def __init__(self, source: AudioStream, result: OutputContainer) -> None:
        self._result, self._stream = result, result.add_stream_from_template(source)  # pyright: ignore[reportUnknownMemberType]

    def take(self, packet: Packet) -> None:
        if packet.dts is not None:  # The demuxer's last packet is empty.
            packet.stream = self._stream
            self._result.mux(packet)

    def finish(self) -> None:
        """Nothing is held back."""


class Encoded:
    def __init__(self, source: AudioStream, result: OutputContainer) -> None:
        self._source, self._result = source, result
        # Set, not taken over: raw sound often has no layout, and some rates are beyond AAC.
        self._stream = result.add_stream("aac", rate=_RATE)  # pyright: ignore[reportUnknownMemberType]
        self._stream.layout = "mono" if source.codec_context.layout.nb_channels == 1 else "stereo"

    def take(self, packet: Packet) -> None:
        for frame in self._source.decode(packet):
            self._result.mux(self._stream.encode(frame))

    def finish(self) -> None:
        self._result.mux(self._stream.encode(None))


def sound_of(source: AudioStream, result: OutputContainer) -> Sound:
    kind = Copied if source.codec_context.codec.canonical_name in _PLAYS_EVERYWHERE else Encoded
    return kind(source, result)
