"""Follows faces from frame to frame, so that detection is seldom needed and nothing trembles."""

from functools import cached_property

import cv2
import numpy as np

from bot.sandbox.faces.arrays import Floats, Picture, floats
from bot.sandbox.faces.detection.finder import FaceFinder
from bot.sandbox.faces.detection.people import People
from bot.sandbox.faces.face import Face, overlap

_LOOK_AGAIN_AFTER = 12
_LOOK_AGAIN_WHEN_EMPTY = 3
_SAME_PLACE = 0.3
_JUMP = 0.25
_STEADIEST = 0.35
_CUT = 30.0
_THUMBNAIL = (32, 18)


class Track:
    """One person in front of the camera; in a photograph, simply one face."""

    def __init__(self, face: Face, picture: Picture, people: People) -> None:
        self.face = face
        self._seen, self._picture, self._people = face, picture, people

    @cached_property
    def gender(self) -> str:
        return self._people.gender(self._picture, self._seen)

    @cached_property
    def age(self) -> float:
        return self._people.age(self._picture, self._seen)

    @cached_property
    def embedding(self) -> Floats:
        return self._people.embedding(self._picture, self._seen)

    def seen_again(self, face: Face, picture: Picture) -> None:
        """Gender and age are kept, as they would flicker; whose face it is, is looked at anew."""
        self._seen, self._picture = face, picture
        self.__dict__.pop("embedding", None)
        self.moved(face)

    def moved(self, face: Face) -> None:
        """Small movements are mostly the mesh's own noise, so they are taken in part."""
        shift = float(np.abs((face.mesh - self.face.mesh)[:, :2]).mean()) / face.size
        share = 1.0 if shift > _JUMP else min(1.0, _STEADIEST + shift * 40)
        steady = self.face.mesh * (1 - share) + face.mesh * share
        self.face = Face(floats(steady), face.confidence)


class Tracker:
    def __init__(self, finder: FaceFinder, people: People) -> None:
        self._finder, self._people = finder, people
        self._tracks: list[Track] = []
        self._since_look = _LOOK_AGAIN_AFTER
        self._thumbnail: Floats | None = None

    def see(self, picture: Picture) -> list[Track]:
        if self._was_cut(picture):
            self._tracks, self._since_look = [], _LOOK_AGAIN_AFTER
        self._since_look += 1
        if self._since_look >= (_LOOK_AGAIN_AFTER if self._tracks else _LOOK_AGAIN_WHEN_EMPTY):
            self._look(picture)
        else:
            self._follow(picture)
        return self._tracks

    def _look(self, picture: Picture) -> None:
        known, self._tracks, self._since_look = self._tracks, [], 0
        for face in self._finder.faces(picture, deep=False):
            track = next((one for one in known if _same_place(one.face, face)), None)
            if track:
                known.remove(track)
                track.seen_again(face, picture)
            self._tracks.append(track or Track(face, picture, self._people))

    def _follow(self, picture: Picture) -> None:
        followed = self._finder.follow(picture, [track.face for track in self._tracks])
        for track, face in zip(list(self._tracks), followed, strict=True):
            if face:
                track.moved(face)
            else:
                self._tracks.remove(track)
                self._since_look = _LOOK_AGAIN_AFTER

    def _was_cut(self, picture: Picture) -> bool:
        """Whether the scene changed, so that nobody may be taken for the one who stood there before."""
        before = self._thumbnail
        self._thumbnail = floats(cv2.resize(picture, _THUMBNAIL, interpolation=cv2.INTER_AREA))
        return before is not None and float(np.abs(self._thumbnail - before).mean()) > _CUT


def _same_place(one: Face, other: Face) -> bool:
    shared = overlap(one, other)
    return shared / (one.area + other.area - shared + 1e-9) > _SAME_PLACE
