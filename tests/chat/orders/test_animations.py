"""Orders with animated pictures."""

import pytest

from bot.media.formats import gif
from tests.harness import Reply, Stage
from tests.media.files import moving, picture, video
from tests.media.marks import is_marked

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


async def attached(stage: Stage, reply: Reply) -> tuple[str, bytes]:
    await stage.finish(reply, "Completed")
    (file, *_) = [each for each in reply.attachments if "before" not in each.filename]
    return file.filename.rpartition(".")[2], await file.read()


async def test_a_gif_comes_back_as_a_gif(stage: Stage) -> None:
    reply = await stage.order("ai-face-swap", source_image=FACE, target=GIF)
    suffix, content = await attached(stage, reply)
    assert suffix == "gif"
    assert is_marked(content)
    assert sum(gif.read_animation(content).delays) == pytest.approx(0.75, abs=0.1)
    assert "GIF" not in reply.text


@pytest.mark.parametrize(("as_gif", "suffix"), [(True, "gif"), (False, "mp4")])
async def test_a_video_comes_back_as_a_gif_if_the_member_wants_it(
    stage: Stage, as_gif: bool, suffix: str
) -> None:
    target = ("clip.mp4", video())
    reply = await stage.order("ai-face-swap", source_image=FACE, target=target, as_gif=as_gif)
    assert (await attached(stage, reply))[0] == suffix


async def test_the_wish_for_a_gif_is_kept_by_again(stage: Stage) -> None:
    target = ("clip.mp4", video())
    reply = await stage.order("ai-face-swap", source_image=FACE, target=target, as_gif=True)
    await stage.finish(reply, "Completed")
    again = Reply(stage.env, await stage.member.slash(stage.channel, "again"))
    assert (await attached(stage, again))[0] == "gif"


async def test_again_keeps_how_often_a_gif_is_shown(stage: Stage) -> None:
    target = ("dance.gif", moving("GIF", loop=2))
    reply = await stage.order("ai-face-swap", source_image=FACE, target=target)
    await stage.finish(reply, "Completed")
    again = Reply(stage.env, await stage.member.slash(stage.channel, "again"))
    _, content = await attached(stage, again)
    # The file counts the repetitions after the first time.
    assert gif.read_animation(content).loops == gif.read_animation(target[1]).loops == 3


async def test_the_wish_for_a_gif_changes_nothing_about_a_picture(stage: Stage) -> None:
    reply = await stage.order("ai-face-swap", source_image=FACE, target=FACE, as_gif=True)
    suffix, _ = await attached(stage, reply)
    assert suffix == "png"
    assert "GIF" not in reply.text
