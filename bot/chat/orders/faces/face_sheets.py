"""Faces of several people from separate photos, which a model takes as one picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.chat.access.guard import AccessGuard
from bot.chat.orders.attachments import Attachments, FirstFrame, InputError, Unusable, Upload
from bot.chat.orders.reorder import PreviousInput
from bot.faces.detection import FaceDetector, FaceProblem, UnclearFace, require_one_face
from bot.ledger.account import Member
from bot.media import operations
from bot.media.fingerprints import Fingerprint
from bot.media.types import FaceBox, Limits, NoPicture, UnusableMedia
from bot.media.workers import MediaWorkers
from bot.models import MediaSlot


class UnclearPhoto(InputError):
    """A photo of a group that does not show one clear face."""

    def __init__(self, option: str, name: str, problem: FaceProblem) -> None:
        super().__init__(option, name)
        self.problem: FaceProblem = problem


@dataclass(frozen=True, slots=True)
class FacePhotos:
    """Photos of one person each, in the order in which the model counts their faces."""

    photos: tuple[Upload, ...]
    url: str = ""

    def with_first_frame(self, name: str) -> "FacePhotos":
        """The same with the first frame of an animation of this name."""
        stills = (FirstFrame(each) if each.filename == name else each for each in self.photos)
        return replace(self, photos=tuple(stills))


@dataclass(frozen=True, slots=True)
class FaceSheet:
    """One picture with the faces of several photos, as an `Upload`."""

    content: bytes
    fingerprints: Mapping[str, Fingerprint]
    """Fingerprints of the photos, by which a banned photo is recognised in any sheet."""
    doubtful: bool
    """True if the safety gate is in doubt about a photo."""
    filename: str = "faces.jpg"
    content_type: str | None = "image/jpeg"
    url: str = ""

    @property
    def size(self) -> int:
        return len(self.content)

    async def read(self) -> bytes:
        return self.content


OrderFile = Upload | FacePhotos


def uploads_of(file: OrderFile) -> Sequence[Upload]:
    return file.photos if isinstance(file, FacePhotos) else (file,)


class FaceSheets:
    """Draws sheets, and knows the photos in those of earlier orders."""

    def __init__(
        self,
        inputs: Attachments,
        access_guard: AccessGuard,
        workers: MediaWorkers,
        face_detector: FaceDetector | None,
    ) -> None:
        """Without a detector, each photo is shown whole."""
        self._inputs = inputs
        self._access_guard = access_guard
        self._workers = workers
        self._face_detector = face_detector

    async def ready(
        self,
        files: Mapping[str, OrderFile],
        slots: Mapping[str, MediaSlot],
        member: Member,
        limits: Limits,
    ) -> dict[str, Upload]:
        """The files of an order, with a sheet instead of separate photos."""
        return {
            name: await self._sheet(name, slots[name], file.photos, member, limits)
            if isinstance(file, FacePhotos)
            else file
            for name, file in files.items()
        }

    async def find_faces(self, option: str, file: Upload, content: bytes) -> Sequence[FaceBox]:
        """Faces of a picture, from left to right; `content` is a small copy of the file."""
        if self._face_detector is None:
            return []
        try:
            return await self._workers.faces.run(self._face_detector, content)
        except UnusableMedia as reason:
            raise Unusable(option, file.filename, reason) from None

    async def fingerprints(self, files: Mapping[str, Upload]) -> dict[str, Fingerprint]:
        """Fingerprints of all photos in these files, by the option and the number of each."""
        found: dict[str, Fingerprint] = {}
        for name, file in files.items():
            if isinstance(file, FaceSheet):
                found |= file.fingerprints
            elif isinstance(file, PreviousInput) and file.sheet_of is not None:
                earlier = await self._access_guard.fingerprints_of(file.sheet_of)
                numbered = {part.partition(".")[2]: each for part, each in earlier.items()}
                found |= {
                    _fingerprint_name(name, number): each for number, each in numbered.items() if number
                }
        return found

    async def _sheet(
        self, name: str, slot: MediaSlot, photos: Sequence[Upload], member: Member, limits: Limits
    ) -> FaceSheet:
        found: list[tuple[bytes, Sequence[FaceBox]]] = []
        fingerprints: dict[str, Fingerprint] = {}
        doubtful = False
        for number, photo in enumerate(photos, start=1):
            inspected = await self._inputs.inspect(name, slot, photo, limits, member_id=member.user_id)
            part = {_fingerprint_name(name, str(number)): inspected.fingerprint}
            await self._access_guard.admit_inputs(member, part)
            fingerprints |= part
            doubtful |= inspected.doubtful
            if inspected.small_copy is None:
                raise Unusable(name, photo.filename, NoPicture())
            content = inspected.small_copy.content
            found.append((content, await self._one_face(name, photo, content)))
        sheet = await self._workers.results.run(operations.draw_face_sheet, found)
        return FaceSheet(sheet, fingerprints, doubtful)

    async def _one_face(self, option: str, photo: Upload, content: bytes) -> Sequence[FaceBox]:
        """All faces of a photo, one of which stands out; none without a detector."""
        if self._face_detector is None:
            return []
        faces = await self.find_faces(option, photo, content)
        try:
            require_one_face(faces)
        except UnclearFace as error:
            raise UnclearPhoto(option, photo.filename, error.problem) from None
        return faces


def _fingerprint_name(option: str, number: str) -> str:
    """Name under which the fingerprint of one photo of a sheet is stored."""
    return f"{option}.{number}"
