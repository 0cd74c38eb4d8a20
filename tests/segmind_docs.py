"""Segmind's documentation of the models, copied by hand, to compare the declarations with.

Each parameter: type, required or not, default, choices, range.
"""

from typing import Any, NamedTuple


class Documented(NamedTuple):
    """Parameter of a model as Segmind documents it."""

    type: type
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    range: tuple[float, float] | None = None


FILE = Documented(str, required=True)
BASE64 = Documented(bool, default=False)
FORMATS = ("jpeg", "png", "webp")

MODELS: dict[str, dict[str, Documented]] = {
    "faceswap-v4": {
        "source_image": FILE,
        "target_image": FILE,
        "base64": BASE64,
        "hardware": Documented(str, default="fast", choices=("fast", "cost")),
        "image_format": Documented(str, default="png", choices=FORMATS),
        "image_quality": Documented(int, default=90, range=(10, 100)),
        "model_type": Documented(str, default="speed", choices=("speed", "quality")),
        "seed": Documented(int, default=42),
        "style_type": Documented(str, default="normal", choices=("normal", "style")),
        "swap_type": Documented(str, default="head", choices=("head", "face")),
    },
    "faceswap-v5": {
        "source_image": FILE,
        "target_image": FILE,
        "additional_prompt": Documented(str, default=""),
        "image_format": Documented(str, default="png", choices=("png", "jpeg", "webp")),
        "quality": Documented(int, default=95, range=(10, 100)),
        "seed": Documented(int, default=8005332),
    },
    "faceswap-v3-multifaceswap": {
        "source_img": FILE,
        "target_img": FILE,
        "base64": BASE64,
        "detect_gender_input": Documented(str, default="no", choices=("no", "female", "male")),
        "detect_gender_source": Documented(str, default="no", choices=("no", "female", "male")),
        "detection_face_order": Documented(
            str,
            default="large-small",
            choices=("large-small", "small-large", "top-bottom", "bottom-top", "left-right", "right-left"),
        ),
        "face_restore": Documented(
            str,
            default="disable",
            choices=("disable", "codeformer-v0.1.0.pth", "GFPGANv1.4.pth", "GFPGANv1.3.pth"),
        ),
        "face_restore_weight": Documented(float, default=0.75, range=(0, 1)),
        "facedetection": Documented(
            str,
            default="retinaface_resnet50",
            choices=("retinaface_resnet50", "retinaface_mobile0.25", "YOLOv5l", "YOLOv5n"),
        ),
        "image_format": Documented(str, default="jpeg", choices=("jpeg", "png", "webp")),
        "image_quality": Documented(int, default=95, range=(10, 100)),
        "input_faces_index": Documented(str, default="0"),
        "interpolation": Documented(
            str, default="Bilinear", choices=("Nearest", "Bilinear", "Bicubic", "Lanczos")
        ),
        "source_faces_index": Documented(str, default="0"),
    },
    "faceswap-comic": {
        "source_image": FILE,
        "target_image": FILE,
        "base64": BASE64,
        "cfg": Documented(float, default=1.6, range=(0.1, 10)),
        "face_strength": Documented(float, default=0.8, range=(0, 1)),
        "grow_mask": Documented(int, default=0, range=(0, 100)),
        "mask_image": Documented(str),
        "output_format": Documented(str, default="jpeg", choices=FORMATS),
        "output_quality": Documented(int, default=95, range=(1, 100)),
        "prompt": Documented(str, default=""),
        "seed": Documented(int, default=63255),
        "steps": Documented(int, default=10, range=(1, 50)),
        "style_strength": Documented(float, default=0.8, range=(0, 2)),
    },
    "ai-face-swap": {
        "source_image": FILE,
        "target": FILE,
        "base64": BASE64,
        "face_selector_age_end": Documented(int, default=100, range=(0, 100)),
        "face_selector_age_start": Documented(int, default=0, range=(0, 100)),
        "face_selector_gender": Documented(str, choices=("female", "male", "none")),
        "face_selector_mode": Documented(str, default="reference", choices=("many", "one", "reference")),
        "face_selector_order": Documented(
            str,
            default="large-small",
            choices=(
                "left-right",
                "right-left",
                "top-bottom",
                "bottom-top",
                "small-large",
                "large-small",
                "best-worst",
                "worst-best",
            ),
        ),
        "face_selector_race": Documented(
            str,
            choices=("white", "black", "asian", "indian", "middle eastern", "latino hispanic", "none"),
        ),
        "pixel_boost": Documented(
            str,
            default="384x384",
            choices=("128x128", "256x256", "384x384", "512x512", "768x768", "1024x1024"),
        ),
        "reference_face_distance": Documented(float, default=0.6, range=(0, 1)),
        "reference_frame_number": Documented(int, default=1),
    },
}

# File parameters of each model, and the kinds that each accepts.
FILES: dict[str, dict[str, set[str]]] = {
    "faceswap-v4": {"source_image": {"picture"}, "target_image": {"picture"}},
    "faceswap-v5": {"source_image": {"picture"}, "target_image": {"picture"}},
    "faceswap-v3-multifaceswap": {"source_img": {"picture"}, "target_img": {"picture"}},
    "faceswap-comic": {
        "source_image": {"picture"},
        "target_image": {"picture"},
        "mask_image": {"picture"},
    },
    "ai-face-swap": {"source_image": {"picture"}, "target": {"picture", "video"}},
}

# Credits at one US cent each.
PRICES = {
    "faceswap-v5": 5,
    "faceswap-v4": 13,
    "ai-face-swap": 11,
    "faceswap-comic": 8,
    "faceswap-v3-multifaceswap": 1,
}
