"""The safety gate: what it computes, and what it refuses."""

import numpy as np
import pytest

from bot.media import operations, probe
from bot.media.safety_gate.network import CLASSES, SIDE, classify
from bot.media.types import Damaged, Explicit, Judgement, Limits
from tests.samples import SAMPLES

# Blood vessels in a retina, which the gate takes for something else: nothing explicit is kept for the tests.
MISTAKEN = (SAMPLES / "retina.png").read_bytes()
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
    assert operations.judge(content, ON) is Judgement.SAFE


def test_what_looks_explicit_is_refused_unless_the_gate_is_off() -> None:
    assert operations.judge(MISTAKEN, Limits()) is Judgement.SAFE
    operations.fingerprint_of(MISTAKEN, Limits())
    with pytest.raises(Explicit):
        probe.inspect_upload(MISTAKEN, ON, small_copy=False)
    assert operations.judge(MISTAKEN, ON) is Judgement.EXPLICIT


def test_a_file_between_the_limits_is_doubtful() -> None:
    limits = Limits(explicit=0.95, doubtful=0.5)
    assert operations.judge(MISTAKEN, limits) is Judgement.DOUBTFUL
    assert probe.inspect_upload(MISTAKEN, limits, small_copy=False).doubtful
    assert not probe.inspect_upload((SAMPLES / "face_a.jpg").read_bytes(), limits, small_copy=False).doubtful


def test_each_key_frame_of_a_video_is_judged() -> None:
    clip = (SAMPLES / "clip.mp4").read_bytes()
    assert operations.judge(clip, Limits(explicit=1e-9)) is Judgement.EXPLICIT


def test_a_file_that_cannot_be_read_does_not_pass() -> None:
    with pytest.raises(Damaged):
        operations.judge(MISTAKEN[:600], ON)
