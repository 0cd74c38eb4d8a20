"""Saved faces of a member, and orders that use them."""

from io import BytesIO
from typing import Any

import aiohttp
import pytest
import simcord
from PIL import Image

from tests.chat.admin_harness import said
from tests.harness import FACE_KEY, MODELS, Reply, Stage
from tests.media.files import picture

KEY = FACE_KEY
EVA, ADAM = (("a.png", picture("PNG", width, 60)) for width in (80, 90))
faces_on = pytest.mark.stage(faces={"key": KEY, "per_member": 2})


async def ask(stage: Stage, command: str, member: simcord.MemberActor | None = None, **options: Any) -> str:
    return said(await (member or stage.member).slash(stage.channel, command, **options))


async def order_without_file(
    stage: Stage, slug: str = "faceswap-v5", member: simcord.MemberActor | None = None, **options: Any
) -> Reply:
    """Order without an attached face."""
    files = {name: file for name, file in stage.files(slug).items() if name != MODELS[slug].face_slot()}
    member = member or stage.member
    return Reply(stage.env, await member.slash(stage.channel, slug, **files | options))


async def width_sent(stage: Stage, slug: str = "faceswap-v5") -> int:
    """Width of the face that Segmind received last."""
    address = stage.segmind.submissions[-1].body[MODELS[slug].face_slot()]
    assert address.startswith(stage.segmind.url)
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        return Image.open(BytesIO(await answer.read())).width
