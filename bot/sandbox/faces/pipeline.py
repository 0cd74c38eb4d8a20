"""Steps that the recipes of all models share."""

from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

from bot.sandbox.faces.arrays import Floats
from bot.sandbox.faces.detection.finder import FaceFinder
from bot.sandbox.faces.detection.people import PersonClassifier, distance
from bot.sandbox.faces.errors import CannotSwap
from bot.sandbox.faces.face import Face, Portrait
from bot.sandbox.faces.order import Notes, Order
from bot.sandbox.faces.photo import Photo, read_photo, write_photo
from bot.sandbox.segmind.engine import Rendering

_CONVINCING_TURN = 30
_CONVINCING_SIZE = 48
_MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture and its faces."""

    photo: Photo
    faces: list[Face]

    @property
    def largest(self) -> Portrait:
        return self.portrait(max(self.faces, key=lambda face: face.area))

    def portrait(self, face: Face) -> Portrait:
        return Portrait(self.photo.picture, face)


class Pipeline:
    """Networks of one worker; networks keep state while they run, so workers do not share them."""

    def __init__(self) -> None:
        self._wanted: WeakKeyDictionary[Face, Floats] = WeakKeyDictionary()

    @cached_property
    def finder(self) -> FaceFinder:
        return FaceFinder()

    @cached_property
    def people(self) -> PersonClassifier:
        return PersonClassifier()

    def source(self, order: Order, parameter: str, *, deep: bool = False) -> Scene:
        scene = self._scene(order, parameter, "source picture", deep=deep)
        return Scene(Photo(scene.photo.on_white()), scene.faces)

    def target(self, order: Order, parameter: str, *, deep: bool) -> Scene:
        scene = self._scene(order, parameter, "target picture", deep=deep)
        order.notes.faces_found = len(scene.faces)
        return scene

    def _scene(self, order: Order, parameter: str, label: str, *, deep: bool) -> Scene:
        order.cancel_token.check()
        photo = read_photo(order.file(parameter), label)
        if photo.animated:
            order.notes.warn(f"The {label} is animated; only its first frame was used.")
        order.cancel_token.check()
        picture = photo.on_white()
        faces = self.finder.faces(picture, deep=deep)
        if not faces and not deep:
            faces = self.finder.faces(picture, deep=True)
        if not faces:
            raise CannotSwap(
                f"No face was found in the {label}. A clear face, seen from the front, works best."
            )
        order.cancel_token.check()
        return Scene(photo, faces)

    def compare(self, notes: Notes, source: Portrait, result: Portrait) -> None:
        """Measure how close the result's face is to the source's; of several faces, the worst counts."""
        found = self.finder.follow(result.picture, result.face) or result.face
        # Each frame of a video is compared with the same face.
        if (wanted := self._wanted.get(source.face)) is None:
            wanted = self._wanted[source.face] = self.people.embedding(source.picture, source.face)
        apart = distance(wanted, self.people.embedding(result.picture, found))
        notes.identity_distance = round(max(apart, notes.identity_distance or 0), 3)


def warn_about(notes: Notes, face: Face, whose: str) -> None:
    """Warn of a difficult face, with a fixed text, so that a video gets each warning once."""
    if abs(face.yaw) > _CONVINCING_TURN:
        notes.warn(f"The {whose} face is turned more than {_CONVINCING_TURN}° to a side; patches may show.")
    if face.size < _CONVINCING_SIZE:
        notes.warn(f"The {whose} face is less than {_CONVINCING_SIZE} pixels high; little of it is visible.")


def encode_result(order: Order, photo: Photo, kind_parameter: str, quality_parameter: str) -> Rendering:
    """Encode the result in the requested format and quality."""
    kind, quality = str(order.parameters[kind_parameter]), int(order.parameters[quality_parameter])
    if kind == "png":
        order.notes.ignored[quality_parameter] = "PNG keeps every pixel"
    order.cancel_token.check()
    return order.rendered(write_photo(photo, kind, quality), _MEDIA_TYPES[kind])
