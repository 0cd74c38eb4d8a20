"""Multi face swap: several faces of a group picture at once."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from bot.chat.client import Doppel
from bot.chat.model_cog import ModelCog
from bot.models import Base64, FaceIndexes, FaceModel, Picture


class Multifaceswap(
    FaceModel,
    slug="faceswap-v3-multifaceswap",
    title="Multi face swap v3",
    seconds=8,
    usd=0.0076,
    main=(
        "source_faces_index",
        "input_faces_index",
        "detection_face_order",
        "face_restore",
        "face_restore_weight",
    ),
    faces=5,
):
    """Swap several faces in a group picture."""

    source_img: Picture = Field(description="The picture with the faces to use")
    target_img: Picture = Field(description="The picture to put them in")
    source_faces_index: FaceIndexes = Field(
        "0",
        description="Faces of the source, counted from 0: with left-right, 0,2 is the first and the third",
    )
    input_faces_index: FaceIndexes = Field(
        "0",
        description="Faces of the target they replace, in turn: 1,0 for 0,1 lets two people change places",
    )
    detection_face_order: Literal[
        "large-small", "small-large", "top-bottom", "bottom-top", "left-right", "right-left"
    ] = Field(
        "large-small",
        description="How faces are counted: left-right makes the leftmost one 0, large-small the largest one",
    )
    detect_gender_source: Literal["no", "female", "male"] = Field(
        "no", description="Use only these faces of the source"
    )
    detect_gender_input: Literal["no", "female", "male"] = Field(
        "no", description="Replace only these faces of the target"
    )
    facedetection: Literal["retinaface_resnet50", "retinaface_mobile0.25", "YOLOv5l", "YOLOv5n"] = Field(
        "retinaface_resnet50", description="Face detector: resnet50 is precise, YOLOv5n is fast"
    )
    face_restore: Literal["disable", "codeformer-v0.1.0.pth", "GFPGANv1.4.pth", "GFPGANv1.3.pth"] = Field(
        "disable", description="Restore the swapped face; leave it off for several faces"
    )
    face_restore_weight: float = Field(
        0.75, ge=0, le=1, description="How strongly to restore; higher is smoother"
    )
    interpolation: Literal["Nearest", "Bilinear", "Bicubic", "Lanczos"] = Field(
        "Bilinear", description="Interpolation of pixels; Lanczos keeps the most detail"
    )
    image_format: Literal["jpeg", "png", "webp"] = Field("jpeg", description="File format of the result")
    image_quality: int = Field(
        95, ge=10, le=100, description="Quality of the result: higher is a larger file"
    )
    base64: Base64 = Field(False, description="Send the result inside the answer")

    @classmethod
    def pairing(cls, sources: Sequence[int], targets: Sequence[int]) -> Mapping[str, Any]:
        # The model puts a single source on all targets.
        single = sources[:1] if len(set(sources)) == 1 else sources
        return {
            "source_faces_index": ",".join(map(str, single)),
            "input_faces_index": ",".join(map(str, targets)),
            "detection_face_order": "left-right",
        }


class MultifaceswapCog(ModelCog):
    """The command `/faceswap-v3-multifaceswap`."""

    model = Multifaceswap


async def setup(bot: Doppel) -> None:
    await bot.add_cog(MultifaceswapCog(bot))
