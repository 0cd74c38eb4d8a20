"""AI face swap: a face in a video, or in a picture."""

from typing import Literal

from pydantic import Field

from bot.chat.client import Doppel
from bot.chat.model_cog import ModelCog
from bot.models import Base64, FaceModel, Picture, PictureOrVideo


class AiFaceSwap(
    FaceModel,
    slug="ai-face-swap",
    title="AI face swap",
    seconds=29,
    usd=0.103,
    per_seconds=10,
    main=(
        "face_selector_mode",
        "face_selector_order",
        "pixel_boost",
        "reference_frame_number",
        "reference_face_distance",
    ),
):
    """Put a face into a video or a picture."""

    source_image: Picture = Field(description="The face to use")
    target: PictureOrVideo = Field(description="The video or picture to put it in")
    face_selector_mode: Literal["many", "one", "reference"] = Field(
        "reference", description="Replace many faces, one face, or the person in the reference frame"
    )
    face_selector_order: Literal[
        "left-right",
        "right-left",
        "top-bottom",
        "bottom-top",
        "small-large",
        "large-small",
        "best-worst",
        "worst-best",
    ] = Field("large-small", description="Which face comes first")
    face_selector_gender: Literal["female", "male", "none"] | None = Field(
        None, description="Replace only these faces"
    )
    face_selector_race: (
        Literal["white", "black", "asian", "indian", "middle eastern", "latino hispanic", "none"] | None
    ) = Field(None, description="Segmind's own filter by appearance; best left empty")
    face_selector_age_start: int = Field(0, ge=0, le=100, description="Replace faces of this age or older")
    face_selector_age_end: int = Field(100, ge=0, le=100, description="Replace faces of this age or younger")
    pixel_boost: Literal["128x128", "256x256", "384x384", "512x512", "768x768", "1024x1024"] = Field(
        "384x384", description="The resolution of the new face; higher is sharper and slower"
    )
    reference_frame_number: int = Field(1, description="Frame that shows the person to replace")
    reference_face_distance: float = Field(
        0.6, ge=0, le=1, description="How similar a face must be to the reference (lower is stricter)"
    )
    base64: Base64 = Field(False, description="Send the result inside the answer")


class AiFaceSwapCog(ModelCog):
    """The command `/ai-face-swap`."""

    model = AiFaceSwap


async def setup(bot: Doppel) -> None:
    await bot.add_cog(AiFaceSwapCog(bot))
