"""A picture that comes again is not searched again."""

import numpy as np

from bot.sandbox.faces.arrays import Picture, floats
from bot.sandbox.faces.detection.memory import FaceMemory
from bot.sandbox.faces.face import Face


class Searches:
    """Search that finds another face in each picture, and counts."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, picture: Picture, deep: bool) -> list[Face]:
        del picture, deep
        self.count += 1
        return [Face(floats(np.zeros((468, 3))), self.count)]


def picture(height: int = 2, value: int = 0) -> Picture:
    return np.full((height, 12 // height, 3), value, np.uint8)


def test_each_picture_is_searched_once() -> None:
    memory, search = FaceMemory(10), Searches()
    first = memory.faces(picture(), search, deep=False)
    first.clear()
    assert [face.confidence for face in memory.faces(picture(), search, deep=False)] == [1]
    # Of the same bytes in another shape, or in a deeper search, there may be other faces.
    for shape, value, deep in ((2, 1, False), (3, 0, False), (2, 0, True)):
        memory.faces(picture(shape, value), search, deep=deep)
    assert search.count == 4


def test_the_picture_that_was_not_used_for_the_longest_time_is_forgotten() -> None:
    memory, search = FaceMemory(2), Searches()
    for value in (0, 1, 0, 2):
        memory.faces(picture(value=value), search, deep=False)
    assert search.count == 3
    memory.faces(picture(value=0), search, deep=False)
    assert search.count == 3
    memory.faces(picture(value=1), search, deep=False)
    assert search.count == 4
