"""Recovers the options and the files of an earlier order, to order again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from bot.chat.orders.attachments import InputError
from bot.jobs.job import Job
from bot.media_kind import MediaKind
from bot.models import FaceModel
from bot.segmind.errors import DownloadFailed, SegmindError
from bot.segmind.outputs import Link, Output

# Bounds the memory for a download; the limits of an order are checked afterwards.
MAX_BYTES = 200 * 2**20


class InputGone(InputError):
    """A file of an earlier order has expired: Discord's links last for a day."""


class Source(Protocol):
    """The part of the Segmind client that downloads files."""

    async def fetch(self, output: Output, *, limit: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class PreviousInput:
    """File of an earlier order, as an `Upload`."""

    option: str
    address: str
    source: Source
    size: int = 0
    content_type: str | None = None
    avatar_of: int | None = None
    """Member whose avatar it is."""
    sheet_of: str | None = None
    """Job whose face it is, if that may be a sheet of several photos."""
    agreed: bool = False
    """True if the person of the face has agreed."""
    # The address may expire before Segmind fetches it, so Segmind receives the bytes.
    url: str = ""

    @property
    def filename(self) -> str:
        return unquote(urlsplit(self.address).path.rpartition("/")[2]) or self.option

    async def read(self) -> bytes:
        try:
            return await self.source.fetch(Link(self.address), limit=MAX_BYTES)
        except SegmindError as error:
            if isinstance(error, DownloadFailed) and error.transient:
                raise TimeoutError from error
            raise InputGone(self.option, self.filename) from error


class PreviousInputs:
    """Options and files of earlier orders."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def options(self, model: type[FaceModel], job: Job) -> dict[str, Any]:
        """The options besides the files, as a command would pass them."""
        plain = [each.name for each in model.parameters() if each.slot is None and not each.transport]
        return {name: job.body[name] for name in plain if name in job.body}

    def files(self, model: type[FaceModel], job: Job) -> dict[str, PreviousInput]:
        """The files of an order, by the parameters of its own model."""
        face = model.face_slot()
        return {
            name: PreviousInput(
                name,
                str(job.body[name]),
                self._source,
                avatar_of=job.avatar_of if name == face else None,
                sheet_of=job.id if name == face and model.card.faces > 1 else None,
                agreed=job.agreed and name == face,
            )
            for name in model.slots()
            if job.body.get(name)
        }

    def files_for(self, other: type[FaceModel], model: type[FaceModel], job: Job) -> dict[str, PreviousInput]:
        """The face and the target of an order, by the parameters of another model."""
        known = self.files(model, job)
        names = {model.face_slot(): other.face_slot(), model.target_slot(): other.target_slot()}
        return {
            names[name]: replace(file, option=names[name]) for name, file in known.items() if name in names
        }


def alternatives(models: Mapping[str, type[FaceModel]], job: Job) -> list[type[FaceModel]]:
    """The other models that accept the files of this order."""
    kind = MediaKind.PICTURE if job.video_seconds is None else MediaKind.VIDEO
    return [
        model
        for slug, model in models.items()
        if slug != job.slug and kind in model.slots()[model.target_slot()].accepts
    ]
