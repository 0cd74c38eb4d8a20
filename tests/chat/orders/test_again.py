"""`/again` repeats a member's last order, with new files in the place of the old ones."""

from io import BytesIO
from typing import Any

import aiohttp
from PIL import Image

from tests.chat.orders.own_faces import ask, faces_on
from tests.harness import Reply, Stage
from tests.media.files import picture, video
from tests.wording import wording


async def again(stage: Stage, **options: Any) -> Reply:
    return Reply(stage.env, await stage.member.slash(stage.channel, "again", **options))


async def width_of(stage: Stage, option: str) -> int:
    """Width of a file of the last submission."""
    address = stage.segmind.submissions[-1].body[option]
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        return Image.open(BytesIO(await answer.read())).width


async def test_the_last_order_is_repeated_with_its_options_and_a_new_target(stage: Stage) -> None:
    files = {
        "source_image": ("a.png", picture("PNG", 80, 60)),
        "target_image": ("b.png", picture("PNG", 70, 60)),
    }
    first = await stage.order("faceswap-v5", additional_prompt="a smile", seed=7, spoiler=True, **files)
    await stage.finish(first, "Completed")
    repeated = await again(stage, target=("c.png", picture("PNG", 90, 60)))
    await stage.finish(repeated, "Completed")
    job = await stage.job(repeated)
    assert (job.slug, job.body["additional_prompt"], job.body["seed"], job.place.spoiler) == (
        "faceswap-v5",
        "a smile",
        7,
        True,
    )
    assert [await width_of(stage, name) for name in ("source_image", "target_image")] == [80, 90]


async def test_a_command_has_a_last_order_of_its_own(stage: Stage) -> None:
    await stage.finish(await stage.order("faceswap-comic", prompt="happy"), "Completed")
    await stage.finish(await stage.order("faceswap-v5"), "Completed")
    job = await stage.job(await _finished(stage, command="faceswap-comic"))
    assert (job.slug, job.body["prompt"]) == ("faceswap-comic", "happy")
    assert (await stage.job(await _finished(stage))).slug == "faceswap-comic"


async def _finished(stage: Stage, **options: Any) -> Reply:
    reply = await again(stage, **options)
    await stage.finish(reply, "Completed")
    return reply


async def test_a_mask_of_the_old_target_is_left_out_with_a_new_one(stage: Stage) -> None:
    mask = ("mask.png", picture("PNG"))
    await stage.finish(await stage.order("faceswap-comic", mask_image=mask), "Completed")
    assert "mask_image" in (await stage.job(await _finished(stage))).body
    job = await stage.job(await _finished(stage, target=("c.png", picture("PNG"))))
    assert "mask_image" not in job.body


@faces_on
async def test_a_saved_face_replaces_the_former_one(stage: Stage) -> None:
    await ask(stage, "face save", name="Eva", picture=("eva.png", picture("PNG", 90, 60)))
    await stage.finish(await stage.order("faceswap-v5"), "Completed")
    await _finished(stage, face="Eva")
    assert await width_of(stage, "source_image") == 90
    both = await again(stage, face="Eva", source=("a.png", picture("PNG")))
    await both.refused(wording("refused.both_faces"))


async def test_a_member_without_orders_is_told_where_to_begin(stage: Stage) -> None:
    await (await again(stage)).refused(wording("refused.no_last_order"), "`/swap`")
    await stage.finish(await stage.order("faceswap-v5"), "Completed")
    await (await again(stage, command="faceswap-v4")).refused(wording("refused.no_last_order"))
    other = await stage.another_member("bob").slash(stage.channel, "again")
    await Reply(stage.env, other).refused(wording("refused.no_last_order"))


async def test_a_video_where_the_last_command_takes_pictures_is_named(stage: Stage) -> None:
    await stage.finish(await stage.order("faceswap-v5"), "Completed")
    await (await again(stage, target=("clip.mp4", video()))).refused("`target_image` needs a picture")
