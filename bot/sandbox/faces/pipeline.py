"""One worker's bench: its networks, and the steps that every model's recipe is made of."""

from dataclasses import dataclass
from functools import cached_property

from bot.sandbox.faces.detection.finder import FaceFinder
from bot.sandbox.faces.detection.people import People, distance
from bot.sandbox.faces.errors import CannotSwap
from bot.sandbox.faces.face import Face, Portrait
from bot.sandbox.faces.order import Notes, Order, Rendering
from bot.sandbox.faces.photo import Photo, read_photo, write_photo

_CONVINCING_TURN = 30
_CONVINCING_SIZE = 48
_MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture and the faces in it."""

    photo: Photo
    faces: list[Face]

    @property
    def largest(self) -> Portrait:
        return self.portrait(max(self.faces, key=lambda face: face.area))

    def portrait(self, face: Face) -> Portrait:
        return Portrait(self.photo.picture, face)


class Bench:
    """Networks keep state while they run, so each worker has a bench of its own."""

    @cached_property
    def finder(self) -> FaceFinder:
        return FaceFinder()

    @cached_property
    def people(self) -> People:
        return People()

    def source(self, order: Order, medium: str, *, deep: bool = False) -> Scene:
        scene = self._scene(order, medium, "source picture", deep=deep)
        return Scene(Photo(scene.photo.on_white()), scene.faces)

    def target(self, order: Order, medium: str, *, deep: bool) -> Scene:
        scene = self._scene(order, medium, "target picture", deep=deep)
        order.notes.faces_found = len(scene.faces)
        return scene

    def _scene(self, order: Order, medium: str, what: str, *, deep: bool) -> Scene:
        order.lifeline.check()
        photo = read_photo(order.medium(medium), what)
        if photo.animated:
            order.notes.warn(f"The {what} is animated; only its first frame was used.")
        order.lifeline.check()
        picture = photo.on_white()
        faces = self.finder.faces(picture, deep=deep)
        if not faces and not deep:
            faces = self.finder.faces(picture, deep=True)
        if not faces:
            raise CannotSwap(
                f"No face was found in the {what}. A clear face, seen from the front, works best."
            )
        order.lifeline.check()
        return Scene(photo, faces)

    def compare(self, notes: Notes, source: Portrait, result: Portrait) -> None:
        """Measures whether the face in the result is the source's; of several the worst counts."""
        found = self.finder.follow(result.picture, [result.face])[0] or result.face
        wanted = self.people.embedding(source.picture, source.face)
        apart = distance(wanted, self.people.embedding(result.picture, found))
        notes.identity_distance = round(max(apart, notes.identity_distance or 0), 3)


def warn_about(notes: Notes, face: Face, whose: str) -> None:
    """In words that do not change from frame to frame, so that a video brings each warning once."""
    if abs(face.yaw) > _CONVINCING_TURN:
        notes.warn(f"The {whose} face is turned more than {_CONVINCING_TURN}° to a side; patches may show.")
    if face.size < _CONVINCING_SIZE:
        notes.warn(f"The {whose} face is less than {_CONVINCING_SIZE} pixels high; little can be seen of it.")


def delivered(order: Order, photo: Photo, kind_parameter: str, quality_parameter: str) -> Rendering:
    """The picture in the format and quality that were asked for."""
    kind, quality = str(order.parameters[kind_parameter]), int(order.parameters[quality_parameter])
    if kind == "png":
        order.notes.ignored[quality_parameter] = "PNG keeps every pixel"
    order.lifeline.check()
    return order.rendered(write_photo(photo, kind, quality), _MEDIA_TYPES[kind])
