"""Fingerprints of pictures and videos, which recognise a copy but cannot be turned back into a picture."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Hashes of a file: one of its bytes, and one of what each picture shows in it."""

    exact: str
    """SHA-256 of the bytes."""
    dhashes: tuple[int, ...] = ()
    """64-bit difference hashes, of which near copies differ in a few bits."""

    def resembles(self, dhashes: Iterable[int], distance: int) -> bool:
        return any((own ^ other).bit_count() <= distance for other in dhashes for own in self.dhashes)


def format_hash(bits: int) -> str:
    return f"{bits:016x}"


def parse_hash(text: str) -> int:
    return int(text, 16)


def format_hashes(dhashes: Iterable[int]) -> str:
    return " ".join(map(format_hash, dhashes))


def parse_hashes(text: str) -> tuple[int, ...]:
    return tuple(map(parse_hash, text.split()))
