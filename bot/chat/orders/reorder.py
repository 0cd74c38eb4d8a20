"""An earlier order once more: its options, and its files from where they were."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from bot.chat.orders.attachments import InputError
from bot.jobs.job import Job
from bot.models import FaceModel, MediaKind
from bot.segmind.protocol import DownloadFailed, Link, Output, SegmindError

# Inputs are measured when they are here; this only keeps a strange file from filling the memory.
MOST_BYTES = 200 * 2**20


class InputGone(InputError):
    """A file of an earlier order that is not to be had any more: Discord's links end after a day."""


class Source(Protocol):
    async def fetch(self, output: Output, *, limit: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class PreviousInput:
    """A file of an earlier order."""

    option: str
    address: str
    source: Source
    size: int = 0
    # The address may end before Segmind comes to it, so the bytes are handed over.
    url: str = ""

    @property
    def filename(self) -> str:
        return unquote(urlsplit(self.address).path.rpartition("/")[2]) or self.option

    async def read(self) -> bytes:
        try:
            return await self.source.fetch(Link(self.address), limit=MOST_BYTES)
        except SegmindError as error:
            if isinstance(error, DownloadFailed) and error.transient:
                raise TimeoutError from error
            raise InputGone(self.option, self.filename) from error


class PreviousInputs:
    def __init__(self, source: Source) -> None:
        self._source = source

    def options(self, model: type[FaceModel], job: Job) -> dict[str, Any]:
        """What was chosen besides the files, as a command would hand it over."""
        plain = [each.name for each in model.parameters() if each.slot is None and not each.transport]
        return {name: job.body[name] for name in plain if name in job.body}

    def files(self, model: type[FaceModel], job: Job) -> dict[str, PreviousInput]:
        """The files of an order of this model."""
        return {
            name: PreviousInput(name, str(job.body[name]), self._source)
            for name in model.slots()
            if job.body.get(name)
        }

    def files_for(self, other: type[FaceModel], model: type[FaceModel], job: Job) -> dict[str, PreviousInput]:
        """The same files for another model, which calls them by its own names: face and target alone."""
        known = self.files(model, job)
        names = {model.face_slot(): other.face_slot(), model.target_slot(): other.target_slot()}
        return {
            names[name]: PreviousInput(names[name], file.address, self._source)
            for name, file in known.items()
            if name in names
        }


def alternatives(models: Mapping[str, type[FaceModel]], job: Job) -> list[type[FaceModel]]:
    """The other models that can do with the files of this order."""
    kind = MediaKind.PICTURE if job.video_seconds is None else MediaKind.VIDEO
    return [
        model
        for slug, model in models.items()
        if slug != job.slug and kind in model.slots()[model.target_slot()].accepts
    ]
