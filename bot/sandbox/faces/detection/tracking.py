"""Follows faces from frame to frame, which needs few detections and keeps the mesh steady."""

from functools import cached_property

import cv2
import numpy as np

from bot.sandbox.faces.arrays import Floats, Picture, floats
from bot.sandbox.faces.detection.finder import FaceFinder
from bot.sandbox.faces.detection.people import PersonClassifier
from bot.sandbox.faces.face import Face, overlap

_DETECT_EVERY = 12
_DETECT_EVERY_WHEN_EMPTY = 3
_SAME_PLACE = 0.3
_JUMP = 0.25
_STEADIEST = 0.35
_SCENE_CHANGE = 30.0
_THUMBNAIL = (32, 18)


class Track:
    """One person across frames, or one face of a photo."""

    def __init__(self, face: Face, picture: Picture, people: PersonClassifier) -> None:
        self.face = face
        self._detected, self._picture, self._people = face, picture, people

    @cached_property
    def gender(self) -> str:
        return self._people.gender(self._picture, self._detected)

    @cached_property
    def age(self) -> float:
        return self._people.age(self._picture, self._detected)

    @cached_property
    def embedding(self) -> Floats:
        return self._people.embedding(self._picture, self._detected)

    def renew(self, face: Face, picture: Picture) -> None:
        """Update after a detection: renew the embedding, but not gender and age, which would flicker."""
        self._detected, self._picture = face, picture
        self.__dict__.pop("embedding", None)
        self.follow(face)

    def follow(self, face: Face) -> None:
        """Follow a movement, a small one only in part, because it is mostly noise of the mesh."""
        shift = float(np.abs((face.mesh - self.face.mesh)[:, :2]).mean()) / face.size
        share = 1.0 if shift > _JUMP else min(1.0, _STEADIEST + shift * 40)
        steady = self.face.mesh * (1 - share) + face.mesh * share
        self.face = Face(floats(steady), face.confidence)


class Tracker:
    """Tracks all faces of a video."""

    def __init__(self, finder: FaceFinder, people: PersonClassifier) -> None:
        self._finder, self._people = finder, people
        self._tracks: list[Track] = []
        self._since_detection = _DETECT_EVERY
        self._thumbnail: Floats | None = None

    def update(self, picture: Picture) -> list[Track]:
        if self._is_new_scene(picture):
            self._tracks, self._since_detection = [], _DETECT_EVERY
        self._since_detection += 1
        if self._since_detection >= (_DETECT_EVERY if self._tracks else _DETECT_EVERY_WHEN_EMPTY):
            self._detect(picture)
        else:
            self._follow(picture)
        return self._tracks

    def _detect(self, picture: Picture) -> None:
        known, self._tracks, self._since_detection = self._tracks, [], 0
        for face in self._finder.faces(picture, deep=False):
            track = next((one for one in known if _same_place(one.face, face)), None)
            if track:
                known.remove(track)
                track.renew(face, picture)
            self._tracks.append(track or Track(face, picture, self._people))

    def _follow(self, picture: Picture) -> None:
        for track in list(self._tracks):
            if face := self._finder.follow(picture, track.face):
                track.follow(face)
            else:
                self._tracks.remove(track)
                self._since_detection = _DETECT_EVERY

    def _is_new_scene(self, picture: Picture) -> bool:
        """Return whether the scene changed, so that tracks must not continue at the same place."""
        before = self._thumbnail
        self._thumbnail = floats(cv2.resize(picture, _THUMBNAIL, interpolation=cv2.INTER_AREA))
        return before is not None and float(np.abs(self._thumbnail - before).mean()) > _SCENE_CHANGE


def _same_place(one: Face, other: Face) -> bool:
    shared = overlap(one, other)
    return shared / (one.area + other.area - shared + 1e-9) > _SAME_PLACE
