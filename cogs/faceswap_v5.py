"""Face swap v5: fast, one face, pictures."""

from typing import Literal

from pydantic import Field

from bot.chat.options import cog_for
from bot.models import FaceModel, Picture


class FaceswapV5(FaceModel, slug="faceswap-v5", title="Face swap v5", seconds=10, usd=0.05):
    """Swap a face or a head in seconds."""

    source_image: Picture = Field(description="The face to use")
    target_image: Picture = Field(description="The picture to put it in")
    additional_prompt: str = Field("", description="What else the picture should show, in words")
    image_format: Literal["png", "jpeg", "webp"] = Field("png", description="The format of the result")
    quality: int = Field(95, ge=10, le=100, description="The quality of the result")
    seed: int = Field(8005332, description="The same seed gives the same result")


setup = cog_for(FaceswapV5)
