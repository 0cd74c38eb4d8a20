"""Face pairs that members type."""

import pytest

from bot.faces.detection import (
    BadPairs,
    Pair,
    UnclearFace,
    default_pairs,
    format_pairs,
    parse_pairs,
    require_one_face,
)
from bot.media.types import FaceBox


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("1 > 2, 2 > 1", [Pair(1, 2), Pair(2, 1)]),
        ("1>2\n2>1", [Pair(1, 2), Pair(2, 1)]),
        ("2 → 3", [Pair(2, 3)]),
        ("1-1 1-2 1-3", [Pair(1, 1), Pair(1, 2), Pair(1, 3)]),
    ],
)
def test_pairs_may_have_any_separators(text: str, pairs: list[Pair]) -> None:
    assert parse_pairs(text, sources=2, targets=3) == pairs


@pytest.mark.parametrize(
    "text", ["", "one > two", "1", "1 > 2 > 1", "3 > 1", "1 > 4", "0 > 1", "1 > 2, 2 > 2"]
)
def test_pairs_of_missing_faces_are_invalid_and_the_error_has_an_example(text: str) -> None:
    with pytest.raises(BadPairs) as caught:
        parse_pairs(text, sources=2, targets=3)
    assert (caught.value.sources, caught.value.targets) == (2, 3)
    assert parse_pairs(caught.value.example, 2, 3) == default_pairs(2, 3)


def test_faces_pair_in_order_and_a_single_face_pairs_with_all() -> None:
    assert format_pairs(default_pairs(3, 2)) == "1 > 1, 2 > 2"
    assert format_pairs(default_pairs(1, 3)) == "1 > 1, 1 > 2, 1 > 3"
    assert default_pairs(0, 3) == default_pairs(3, 0) == []
    assert len(default_pairs(1, 99)) == len(default_pairs(99, 99)) == 20


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
