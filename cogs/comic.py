"""Comic face swap: a real face in a drawn picture."""

from typing import Literal

from pydantic import Field

from bot.chat.client import Doppel
from bot.chat.model_cog import ModelCog
from bot.models import Base64, FaceModel, Picture


class FaceswapComic(
    FaceModel,
    slug="faceswap-comic",
    title="Face swap comic",
    seconds=22,
    usd=0.0746,
    main=("prompt", "face_strength", "style_strength", "steps", "seed"),
):
    """Put a face into a drawing and keep the drawing's style."""

    source_image: Picture = Field(description="The face to use")
    target_image: Picture = Field(description="The drawing to put it in")
    prompt: str = Field("", description="The expression in words, such as happy, crying or closed eyes")
    face_strength: float = Field(0.8, ge=0, le=1, description="How much of the face to keep")
    style_strength: float = Field(0.8, ge=0, le=2, description="How much of the drawing's style to take on")
    steps: int = Field(10, ge=1, le=50, description="More steps give more detail and take longer")
    cfg: float = Field(1.6, ge=0.1, le=10, description="How closely to follow the prompt")
    grow_mask: int = Field(0, ge=0, le=100, description="Pixels by which to widen the replaced area")
    mask_image: Picture | None = Field(None, description="Mask: the face is swapped only where it is white")
    output_format: Literal["jpeg", "png", "webp"] = Field("jpeg", description="File format of the result")
    output_quality: int = Field(
        95, ge=1, le=100, description="Quality of the result: higher is a larger file"
    )
    seed: int = Field(63255, description="The same seed gives the same result")
    base64: Base64 = Field(False, description="Send the result inside the answer")


class FaceswapComicCog(ModelCog):
    """The command `/faceswap-comic`."""

    model = FaceswapComic


async def setup(bot: Doppel) -> None:
    await bot.add_cog(FaceswapComicCog(bot))
