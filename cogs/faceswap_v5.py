"""Face swap v5: fast, one face, pictures."""

from typing import Literal

from pydantic import Field

from bot.chat.client import Doppel
from bot.chat.model_cog import ModelCog
from bot.models import FaceModel, Picture


class FaceswapV5(FaceModel, slug="faceswap-v5", title="Face swap v5", seconds=10, usd=0.05):
    """Swap a face or a head in seconds."""

    source_image: Picture = Field(description="The face to use")
    target_image: Picture = Field(description="The picture to put it in")
    additional_prompt: str = Field("", description="What else the picture should show, in words")
    image_format: Literal["png", "jpeg", "webp"] = Field("png", description="File format of the result")
    quality: int = Field(95, ge=10, le=100, description="Quality of the result: higher is a larger file")
    seed: int = Field(8005332, description="The same seed gives the same result")


class FaceswapV5Cog(ModelCog):
    """The command `/faceswap-v5`."""

    model = FaceswapV5


async def setup(bot: Doppel) -> None:
    await bot.add_cog(FaceswapV5Cog(bot))
