"""The safety gate: what it computes, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data

from bot.media import operations, probe
from bot.media.safety_gate.network import CLASSES, SIDE, classify
from bot.media.types import Damaged, Explicit, Limits
from bot.sandbox.welcome import SAMPLES

# Blood vessels in a retina, which the gate takes for something else: nothing explicit is kept for the tests.
MISTAKEN = (Path(skimage.data.__file__).parent / "microaneurysms.png").read_bytes()
ON = Limits(explicit=0.7)


def test_the_network_gives_a_probability_to_each_class() -> None:
    found = classify(np.zeros((SIDE, SIDE, 3), np.float32))
    assert set(found) == set(CLASSES)
    assert sum(found.values()) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    "name", ["face_a.jpg", "face_b.jpg", "face_c.jpg", "group.jpg", "comic.jpg", "clip.mp4"]
)
def test_harmless_files_pass(name: str) -> None:
    content = (SAMPLES / name).read_bytes()
    probe.inspect_upload(content, ON, small_copy=False)
    operations.check_safety(content, ON)


def test_what_looks_explicit_is_refused_unless_the_gate_is_off() -> None:
    for check in (operations.check_safety, operations.fingerprint_of):
        check(MISTAKEN, Limits())
    with pytest.raises(Explicit):
        probe.inspect_upload(MISTAKEN, ON, small_copy=False)
    with pytest.raises(Explicit):
        operations.check_safety(MISTAKEN, ON)


def test_each_key_frame_of_a_video_is_judged() -> None:
    with pytest.raises(Explicit):
        operations.check_safety((SAMPLES / "clip.mp4").read_bytes(), Limits(explicit=1e-9))


def test_a_file_that_cannot_be_read_does_not_pass() -> None:
    with pytest.raises(Damaged):
        operations.check_safety(MISTAKEN[:600], ON)
