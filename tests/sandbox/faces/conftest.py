"""One engine for all tests of a process, a pipeline for measuring, and each model's defaults."""

import asyncio
from collections.abc import Iterator
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import cv2
import pytest

from bot.sandbox.faces.arrays import Floats, Picture
from bot.sandbox.faces.detection.people import distance
from bot.sandbox.faces.engine import FaceEngine
from bot.sandbox.faces.face import Face, in_order
from bot.sandbox.faces.pipeline import Pipeline
from bot.sandbox.segmind import Rendering
from tests.sandbox.faces.scenes import encoded, portrait

DEFAULTS: dict[str, dict[str, Any]] = {
    "faceswap-v4": {
        "model_type": "speed",
        "swap_type": "head",
        "style_type": "normal",
        "seed": 42,
        "image_format": "png",
        "image_quality": 90,
        "hardware": "fast",
        "base64": False,
    },
    "faceswap-v5": {
        "additional_prompt": "",
        "image_format": "png",
        "quality": 95,
        "seed": 8005332,
    },
    "faceswap-v3-multifaceswap": {
        "input_faces_index": "0",
        "source_faces_index": "0",
        "detection_face_order": "large-small",
        "detect_gender_input": "no",
        "detect_gender_source": "no",
        "facedetection": "retinaface_resnet50",
        "face_restore": "disable",
        "face_restore_weight": 0.75,
        "interpolation": "Bilinear",
        "image_format": "jpeg",
        "image_quality": 95,
        "base64": False,
    },
    "faceswap-comic": {
        "prompt": "",
        "face_strength": 0.8,
        "style_strength": 0.8,
        "steps": 10,
        "cfg": 1.6,
        "grow_mask": 0,
        "seed": 63255,
        "output_format": "jpeg",
        "output_quality": 95,
        "base64": False,
    },
    "ai-face-swap": {
        "face_selector_mode": "reference",
        "face_selector_order": "large-small",
        "face_selector_gender": None,
        "face_selector_race": None,
        "face_selector_age_start": 0,
        "face_selector_age_end": 100,
        "reference_face_distance": 0.6,
        "reference_frame_number": 1,
        "pixel_boost": "384x384",
        "base64": False,
    },
}
_MORE_THAN_COMPRESSION = 6
FIELDS = {
    "faceswap-v3-multifaceswap": ("source_img", "target_img"),
    "ai-face-swap": ("source_image", "target"),
}


class Render(Protocol):
    """Renders with a model's defaults and the given changes."""

    async def __call__(self, slug: str, source: bytes, target: bytes, **changes: Any) -> Rendering: ...


@pytest.fixture(scope="session")
def engine() -> Iterator[FaceEngine]:
    engine = FaceEngine()
    yield engine
    asyncio.run(engine.close())


@pytest.fixture(scope="session")
def render(engine: FaceEngine) -> Render:
    """Renders with a model's defaults and a test's changes."""

    async def render(slug: str, source: bytes, target: bytes, **changes: Any) -> Rendering:
        fields = FIELDS.get(slug, ("source_image", "target_image"))
        media: dict[str, bytes] = dict(zip(fields, (source, target), strict=True))
        if "mask_image" in changes:
            media["mask_image"] = changes.pop("mask_image")
        return await engine.render(slug, {**DEFAULTS[slug], **changes}, media)

    return render


class Measure:
    """Measures results with a face detection of its own."""

    def __init__(self) -> None:
        cv2.setNumThreads(1)
        self.pipeline = Pipeline()
        # The finder remembers the faces of a picture that it searched before.
        self._embeddings: WeakKeyDictionary[Face, Floats] = WeakKeyDictionary()

    def faces(self, picture: Picture) -> list[Face]:
        """Return all faces, left to right."""
        return in_order(self.pipeline.finder.faces(picture), "left-right")

    def apart(self, picture: Picture, name: str, index: int = 0) -> float:
        """Return the distance of a face, counted from the left, to a known person."""
        return distance(self._embedding(picture, index), self._embedding(portrait(name), 0))

    def _embedding(self, picture: Picture, index: int) -> Floats:
        face = self.faces(picture)[index]
        if face not in self._embeddings:
            self._embeddings[face] = self.pipeline.people.embedding(picture, face)
        return self._embeddings[face]

    def changed_faces(self, before: Picture, after: Picture) -> list[bool]:
        """Return whether each face, from left to right, was changed."""
        changed: list[bool] = []
        for face in self.faces(before):
            left, top, right, bottom = face.box.astype(int)
            difference = cv2.absdiff(before[top:bottom, left:right], after[top:bottom, left:right])
            changed.append(float(difference.mean()) > _MORE_THAN_COMPRESSION)
        return changed


@pytest.fixture(scope="session")
def measure() -> Measure:
    return Measure()


@pytest.fixture(scope="session")
def face_a() -> bytes:
    return encoded(portrait("face_a"))


@pytest.fixture(scope="session")
def face_b() -> bytes:
    return encoded(portrait("face_b"))


@pytest.fixture(scope="session")
def face_c() -> bytes:
    return encoded(portrait("face_c"))


@pytest.fixture(scope="session")
def astronaut() -> bytes:
    return encoded(portrait("astronaut"))
