"""Broken variants of our own samples."""

import random
from collections.abc import Iterator
from itertools import count

from tests.media import files


def samples() -> list[bytes]:
    return [
        *(files.picture(plugin) for plugin in ("PNG", "JPEG", "WEBP")),
        *(files.with_orientation(plugin, 6) for plugin in ("JPEG", "WEBP")),
        files.video(sound="aac"),
        files.video(muxer=files.FRAGMENTS),
        files.video("webm", "libvpx-vp9"),
    ]


def mutated(seed: int) -> Iterator[bytes]:
    """Yield broken files without end: some bytes changed, a piece repeated, removed or moved."""
    originals = samples()
    for number in count():
        # Each file has a generator of its own, so that it can be made again alone.
        chance = random.Random(f"{seed}-{number}")
        content = bytearray(chance.choice(originals))
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(content))
            if chance.random() < 0.5:
                at = min(at, chance.randrange(1500))
            piece = bytes(content[at : at + chance.choice((1, 4, 64, 4096))])
            match chance.randrange(4):
                case 0:
                    content[at : at + 1] = chance.randbytes(1)
                case 1:
                    content[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff"))
                case 2:
                    content[at:at] = piece * chance.choice((1, 10, 1000))
                case _:
                    del content[at : at + len(piece)]
            if not content:
                break
        yield bytes(content)
