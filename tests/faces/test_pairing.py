"""Which face goes where, as a member chooses it."""

import pytest

from bot.faces.pairing import NothingPaired, Pairing
from bot.models import MAX_FACE_INDEXES


@pytest.mark.parametrize(
    ("faces", "places", "chosen"),
    [(3, 2, [0, 1]), (2, 3, [0, 1, None]), (1, 3, [0, 0, 0]), (3, 0, [])],
)
def test_faces_go_on_places_in_order_and_a_single_one_on_all(
    faces: int, places: int, chosen: list[int | None]
) -> None:
    assert Pairing.usual(faces, places).chosen == chosen


def test_no_more_places_are_filled_than_a_model_takes() -> None:
    assert len(Pairing.usual(1, 99).chosen) == len(Pairing.usual(99, 99).chosen) == MAX_FACE_INDEXES


def test_a_place_can_stay_as_it_is_and_a_face_can_go_on_two() -> None:
    pairing = Pairing([2, None, 0, 2])
    assert (pairing.sources(), pairing.places(), pairing.used()) == ([2, 0, 2], [0, 2, 3], [0, 2])


def test_at_least_one_face_goes_somewhere() -> None:
    with pytest.raises(NothingPaired):
        Pairing([None, None]).used()
