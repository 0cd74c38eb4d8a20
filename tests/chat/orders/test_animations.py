"""Orders with animated pictures."""

import pytest

from tests.harness import Reply, Stage
from tests.media.files import moving, picture

FACE = ("face.png", picture("PNG"))
GIF = ("dance.gif", moving("GIF"))


async def use_first_frame(stage: Stage, reply: Reply) -> Reply:
    refusal = await reply.refused("`dance.gif` is animated")
    assert "still picture" in refusal
    return Reply(stage.env, await stage.member.click(reply.result.followups[-1], label="Use the first frame"))


@pytest.mark.parametrize("plugin", ["GIF", "PNG", "WEBP"])
async def test_an_animation_is_swapped_as_a_video_and_priced_by_its_length(stage: Stage, plugin: str) -> None:
    target = (f"dance.{plugin.lower()}", moving(plugin))
    reply = await stage.order("ai-face-swap", source_image=FACE, target=target)
    await stage.finish(reply, "Completed")
    job = await stage.job(reply)
    assert (job.video_seconds, job.price) == (pytest.approx(0.75), 11)


async def test_a_model_for_pictures_takes_the_first_frame_after_one_click(stage: Stage) -> None:
    reply = await stage.order("faceswap-v5", source_image=FACE, target_image=GIF)
    again = await use_first_frame(stage, reply)
    await stage.finish(again, "Completed")
    assert (await stage.job(again)).video_seconds is None
