"""Face swap v4: a face or a whole head, in pictures."""

from typing import Literal

from pydantic import Field

from bot.chat.client import Doppel
from bot.chat.model_cog import ModelCog
from bot.models import Base64, FaceModel, Picture


class FaceswapV4(
    FaceModel,
    slug="faceswap-v4",
    title="Face swap v4",
    seconds=33,
    usd=0.1235,
    # Segmind documents that these change the cost, but not by how much. The factors are estimates, which an
    # operator can correct in the settings.
    factors={("hardware", "cost"): 0.6, ("model_type", "quality"): 1.5},
    main=("swap_type", "style_type", "model_type", "hardware", "seed"),
):
    """Swap a face or a whole head, with control over style and speed."""

    source_image: Picture = Field(description="The face to use")
    target_image: Picture = Field(description="The picture to put it in")
    swap_type: Literal["head", "face"] = Field("head", description="Swap the whole head, or the face alone")
    style_type: Literal["normal", "style"] = Field(
        "normal", description="normal keeps the face's own look, style matches the target picture"
    )
    model_type: Literal["speed", "quality"] = Field(
        "speed", description="speed takes 8 steps, quality takes 30"
    )
    hardware: Literal["fast", "cost"] = Field(
        "fast", description="Hardware: changes time and cost, not the picture"
    )
    image_format: Literal["jpeg", "png", "webp"] = Field("png", description="File format of the result")
    image_quality: int = Field(
        90, ge=10, le=100, description="Quality of the result: higher is a larger file"
    )
    seed: int = Field(42, description="The same seed gives the same result")
    base64: Base64 = Field(False, description="Send the result inside the answer")


class FaceswapV4Cog(ModelCog):
    """The command `/faceswap-v4`."""

    model = FaceswapV4


async def setup(bot: Doppel) -> None:
    await bot.add_cog(FaceswapV4Cog(bot))
