"""Forms and menus of `doppel run`, as Discord sends them."""

from typing import Any

from tests.chat.orders.people import photo
from tests.discord.entities import user_payload
from tests.discord.environment import SECONDS, SLUG, START, Environment
from tests.discord.user import eventually
from tests.media.files import moving, picture
from tests.segmind_docs import PRICES

FACE = ("face.png", picture("PNG", 80, 60))


GROUP = "faceswap-v3-multifaceswap"
PEOPLE = [photo("face_a"), photo("face_b")]


async def submitted(environment: Environment, count: int) -> None:
    await eventually(lambda: len(environment.segmind.submissions) == count, lambda: f"{count} submissions")


async def test_a_batch_fills_one_card_up_over_a_kill(environment: Environment) -> None:
    """Three targets: one result is there before the kill, one comes after it, and one fails."""
    limits = {"DOPPEL_JOBS__PER_MEMBER": "1"}
    targets = [(f"{name}.png", picture("PNG", 64, 48 + len(name))) for name in ("one", "fail", "three")]
    async with environment.bot(**limits) as bot:
        await environment.discord.online()
        opened = await environment.discord.slash("swap")
        reply = await environment.discord.submit(opened, face=[FACE], target=targets, path="fast")
        await reply.wait_for("0 of 3", "Processing: 1 · Waiting in line: 2")
        environment.clock.move(SECONDS * 2)
        await reply.wait_for("1 of 3", "Processing: 1 · Waiting in line: 1")
        assert len(reply.attachments) == 1
        await bot.kill()
    async with environment.bot(**limits) as bot:
        await environment.discord.online()
        for sent, words in ((2, "#2: ❌ Failed"), (3, "2 of 3 done")):
            await submitted(environment, sent)
            environment.clock.move(SECONDS * 2)
            await reply.wait_for(words)
        assert await bot.terminate() == 0
    assert len(reply.attachments) == 2
    assert not any("Completed: " in text for text in reply.texts)
    assert len(environment.segmind.submissions) == 3
    assert await environment.balance() == (START - 2 * PRICES[SLUG], 0)


async def test_a_picture_that_a_member_posted_is_ordered_from_its_menu(environment: Environment) -> None:
    author: dict[str, Any] = user_payload(7, "robin")
    posted = environment.discord.messages.post(
        environment.discord.guild.channel.id, author, ("a.png", picture("PNG"))
    )
    async with environment.bot() as bot:
        await environment.discord.online()
        opened = await environment.discord.menu("Swap a face into this", posted)
        await opened.acknowledged()
        reply = await environment.discord.submit(opened, face=[FACE])
        await environment.finish(reply)
        assert await bot.terminate() == 0
    assert len(reply.attachments) == 1
    assert await environment.balance() == (START - PRICES[SLUG], 0)


async def test_a_gif_that_a_member_posted_comes_back_as_a_gif(environment: Environment) -> None:
    author: dict[str, Any] = user_payload(7, "robin")
    posted = environment.discord.messages.post(
        environment.discord.guild.channel.id, author, ("a.gif", moving("GIF"))
    )
    async with environment.bot() as bot:
        await environment.discord.online()
        opened = await environment.discord.menu("Swap a face into this", posted)
        await opened.acknowledged()
        reply = await environment.discord.submit(opened, face=[FACE], path="video")
        await reply.wait_for("Queued")
        environment.clock.move(600)
        await reply.wait_for("Completed")
        assert await bot.terminate() == 0
    (result,) = reply.attachments
    assert result.content.startswith(b"GIF89a")


async def test_a_command_without_a_face_asks_for_it(environment: Environment) -> None:
    key = {"DOPPEL_FACES__KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}
    async with environment.bot(**key) as bot:
        await environment.discord.online()
        asked = await environment.discord.slash(SLUG, target_image=("a.png", picture("PNG")))
        await asked.acknowledged()
        reply = await environment.discord.submit(asked, face=[FACE])
        await environment.finish(reply)
        assert await bot.terminate() == 0
    assert await environment.balance() == (START - PRICES[SLUG], 0)


async def test_a_group_is_made_from_separate_photos(environment: Environment) -> None:
    async with environment.bot() as bot:
        await environment.discord.online()
        opened = await environment.discord.slash("swap")
        await opened.acknowledged()
        preview = await environment.discord.submit(opened, face=PEOPLE, target=[photo("group")], path="group")
        await preview.wait_for("Which face goes where?")
        message = preview.interaction.message
        assert message is not None
        for place, face in ((1, "1"), (2, "0")):
            await (await environment.discord.choose(message, f"place:{place}", face)).acknowledged()
        # The picture stays when a choice is drawn.
        assert len(message.attachments) == 1
        reply = await environment.discord.press(message, "send")
        await reply.wait_for("Queued")
        environment.clock.move(600)
        await reply.wait_for("Completed")
        assert await bot.terminate() == 0
    (sent,) = environment.segmind.submissions
    assert (sent.body["source_faces_index"], sent.body["input_faces_index"]) == ("1,0", "0,1")
    assert len(reply.attachments) == 1
    assert await environment.balance() == (START - PRICES[GROUP], 0)
