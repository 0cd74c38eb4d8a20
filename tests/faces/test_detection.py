"""One clear face in a picture."""

import pytest

from bot.faces.detection import UnclearFace, require_one_face
from bot.media.types import FaceBox


def boxes(*widths: float) -> list[FaceBox]:
    return [FaceBox(0.1, 0.1, 0.1 + width, 0.5) for width in widths]


@pytest.mark.parametrize(
    ("faces", "problem"),
    [(boxes(), "none"), (boxes(0.04), "tiny"), (boxes(0.3, 0.25), "several"), (boxes(0.2, 0.4), None)],
)
def test_a_face_to_save_is_large_and_stands_out(faces: list[FaceBox], problem: str | None) -> None:
    if problem is None:
        require_one_face(faces)
        return
    with pytest.raises(UnclearFace) as caught:
        require_one_face(faces)
    assert caught.value.problem == problem
