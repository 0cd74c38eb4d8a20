"""`make fuzz`: every file ends as media or as one sentence, in bounds, and so does every string."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from bot.chat.errors import ErrorMessages
from bot.chat.orders.attachments import Unusable
from bot.chat.text import Text
from bot.media import operations
from bot.media.types import Animated, InspectedFile, Limits, UnusableMedia
from bot.media.worker.limits import WorkerLimits
from bot.media.worker.process import MediaWorker
from bot.media.workers import ANIMATION_PIXELS
from tests.corpora import CORPORA, fetch
from tests.fuzz.mutations import mutated
from tests.fuzz.strings import OWN, faults_of_all, fetch_strings
from tests.media.bombs import bombs

# A call is killed at its deadline; the rest is for starting a child on a busy machine.
_SLACK = 30.0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Fuzzer:
    """Runs files through a media worker, and collects what must not happen."""

    def __init__(self) -> None:
        self._worker = MediaWorker()
        self._messages = ErrorMessages(Text.load())
        self.faults: list[str] = []

    async def run(self, title: str, contents: Iterable[tuple[str, bytes]]) -> None:
        ends: Counter[str] = Counter()
        slowest = 0.0
        for name, content in contents:
            started = time.monotonic()
            ends[await self._end_of(name, content)] += 1
            seconds = time.monotonic() - started
            slowest = max(slowest, seconds)
            if seconds > WorkerLimits().wall_seconds + _SLACK:
                self.faults.append(f"{name}: {seconds:.0f} seconds")
        counted = ", ".join(f"{count} {end}" for end, count in ends.most_common())
        say(f"{title}: {ends.total()} files, slowest {slowest:.1f} s: {counted}")

    async def _end_of(self, name: str, content: bytes) -> str:
        try:
            found = await self._inspected(content)
        except UnusableMedia as reason:
            sentence = self._messages.message_for(Unusable("target", "a.png", reason))
            if "\n" in sentence or "unexpected" in sentence:
                self.faults.append(f"{name}: {sentence}")
            return type(reason).__name__
        except Exception as error:  # noqa: BLE001 - all of them are reported at the end
            self.faults.append(f"{name}: {type(error).__name__}: {error}")
            return "fault"
        return found.media.kind

    async def _inspected(self, content: bytes) -> InspectedFile:
        try:
            return await self._worker.run(operations.inspect_upload, content, Limits(), small_copy=True)
        except Animated:
            limits = Limits(frame_pixels=ANIMATION_PIXELS)
            return await self._worker.run(operations.inspect_animation, content, limits)

    def close(self) -> None:
        self._worker.close()


async def _main(options: argparse.Namespace) -> int:
    fuzzer = Fuzzer()
    try:
        own = ((f"seed {options.seed}, file {n}", each) for n, each in enumerate(mutated(options.seed)))
        await fuzzer.run("own samples, mutated", islice(own, options.files))
        await fuzzer.run("bombs", ((name, make()) for name, make in bombs().items()))
        with tempfile.TemporaryDirectory() as folder:
            for number, title in enumerate(() if options.own else CORPORA):
                paths = await asyncio.to_thread(fetch, title, Path(folder) / str(number))
                if paths is None:
                    say(f"{title}: cannot be fetched here, so only our own samples were used")
                    continue
                await fuzzer.run(title, ((path.name, path.read_bytes()) for path in paths))
    finally:
        fuzzer.close()
    strings = None if options.own else await asyncio.to_thread(fetch_strings)
    if strings is None:
        say("npm's naughty strings: cannot be fetched here, so only our own were used")
    faults = fuzzer.faults + await asyncio.to_thread(faults_of_all, [*OWN, *(strings or ())])
    say(f"strings: {len(OWN) + len(strings or ())} typed and sent in six places each")
    for fault in faults:
        say(f"FAULT {fault}")
    return 1 if faults else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--seed", type=int, default=1, help="another seed breaks our own samples differently")
    parser.add_argument("--files", type=int, default=500, help="broken variants of our own samples")
    parser.add_argument("--own", action="store_true", help="fetch nothing")
    return parser


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(_parser().parse_args())))
