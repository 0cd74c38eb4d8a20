"""Memory of the sandbox between two runs: a folder with one JSON document and the files that it names."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bot.tasks import running_task

# A killed sandbox loses at most what happened in this time.
SAVE_EVERY = 1.0


class Memory:
    """Keeps one document and its files in a folder, and writes only what changed."""

    def __init__(self, folder: Path) -> None:
        self._document = folder / "memory.json"
        self._files = folder / "files"
        self._saved = b""

    def load(self) -> bytes | None:
        """Return the document of the last run, if there is one."""
        try:
            return self._document.read_bytes()
        except FileNotFoundError:
            return None

    def file(self, name: str) -> bytes | None:
        try:
            return (self._files / name).read_bytes()
        except FileNotFoundError:
            return None

    def save(self, document: bytes, files: Mapping[str, bytes]) -> None:
        """Write new files, then the document, then delete the files that it no longer names."""
        if document == self._saved:
            return
        self._files.mkdir(parents=True, exist_ok=True)
        kept = {path.name for path in self._files.iterdir()}
        for name in files.keys() - kept:
            _write(self._files / name, files[name])
        _write(self._document, document)
        for name in kept - files.keys():
            (self._files / name).unlink()
        self._saved = document


@asynccontextmanager
async def saving(save: Callable[[], None]) -> AsyncGenerator[None]:
    """Save now and then, for a sandbox that is killed."""

    async def save_regularly() -> None:
        while True:
            await asyncio.sleep(SAVE_EVERY)
            save()

    async with running_task(save_regularly(), "saving"):
        yield


def _write(path: Path, content: bytes) -> None:
    # A kill in the middle leaves the former file.
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_bytes(content)
    unfinished.replace(path)
