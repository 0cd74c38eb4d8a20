"""Tracking is steady and never confuses two people."""

import numpy as np
import pytest

from bot.sandbox.faces.arrays import Picture
from bot.sandbox.faces.detection.people import distance
from bot.sandbox.faces.detection.tracking import Tracker
from bot.sandbox.faces.face import in_order
from tests.sandbox.faces.conftest import Measure
from tests.sandbox.faces.scenes import SIDE, couple, nobody, portrait


@pytest.fixture
def tracker(measure: Measure) -> Tracker:
    return Tracker(measure.pipeline.finder, measure.pipeline.people)


def test_a_moving_face_stays_the_same_track(tracker: Tracker) -> None:
    (track,) = tracker.update(portrait("face_a"))
    start = track.face.box[0]
    for step in range(1, 16):
        assert tracker.update(np.roll(portrait("face_a"), 2 * step, axis=1)) == [track]
    assert track.face.box[0] - start == pytest.approx(30, abs=6)


def test_noise_does_not_make_a_face_tremble(tracker: Tracker, measure: Measure) -> None:
    rng = np.random.default_rng(1)
    still = portrait("face_a")
    (track,) = tracker.update(still)
    steady, raw = [track.face.mesh], [track.face.mesh]
    for _ in range(8):
        noisy: Picture = np.clip(still + rng.normal(0, 12, still.shape), 0, 255).astype(np.uint8)
        followed = measure.pipeline.finder.follow(noisy, track.face)
        assert followed
        raw.append(followed.mesh)
        steady.append(tracker.update(noisy)[0].face.mesh)
    trembling = [float(np.abs(np.diff(meshes, axis=0)).mean()) for meshes in (steady, raw)]
    assert trembling[0] < trembling[1]


def test_after_a_cut_it_is_somebody_else(tracker: Tracker) -> None:
    (before,) = tracker.update(portrait("face_b"))
    (after,) = tracker.update(portrait("astronaut"))
    assert after is not before
    assert distance(after.embedding, before.embedding) > 0.6
    assert (before.gender, after.gender) == ("male", "female")


def test_whose_face_it_is_is_looked_at_anew_but_not_the_age(tracker: Tracker) -> None:
    (track,) = tracker.update(portrait("face_b"))
    embedding, age = track.embedding, track.age
    assert track.embedding is embedding
    for _ in range(12):
        tracker.update(portrait("face_b"))
    assert track.embedding is not embedding
    assert track.age is age


def test_a_face_that_vanishes_is_dropped_and_looked_for_again(tracker: Tracker) -> None:
    assert len(tracker.update(couple())) == 2
    half = couple().copy()
    half[:, SIDE:] = nobody()
    assert len(tracker.update(half)) == 1
    assert len(tracker.update(couple())) == 2


def test_orders_are_each_others_reverse(measure: Measure) -> None:
    faces = measure.faces(couple())
    for one, other in (
        ("left-right", "right-left"),
        ("top-bottom", "bottom-top"),
        ("large-small", "small-large"),
        ("best-worst", "worst-best"),
    ):
        assert in_order(faces, one) == in_order(faces, other)[::-1]
