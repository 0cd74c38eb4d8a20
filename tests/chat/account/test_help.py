"""`/help` shows what the bot does here, and its buttons run commands."""

import pytest

from bot.chat.text import Text
from tests.chat.admin_harness import Server, said
from tests.harness import Stage
from tests.wording import wording

SWAP = Text.load()("help.swap")


async def test_the_card_lists_the_models_that_are_on_with_their_prices(server: Server) -> None:
    await server.tell("models", model="faceswap-v4", on=False)
    words = await server.ask(server.member, "help")
    assert "`/faceswap-v5` · Swap a face or a head in seconds · **5 credits**" in words
    assert "faceswap-v4" not in words
    assert "/admin" not in words


async def test_administrators_read_how_to_set_the_bot_up(server: Server) -> None:
    assert "`/admin log`" in await server.ask(server.admin, "help")


async def test_the_first_button_opens_the_form_of_a_swap(server: Server) -> None:
    shown = await server.member.slash(server.channel, "help")
    assert shown.response is not None
    opened = await server.member.click(shown.response, label=SWAP)
    assert opened.modal is not None
    assert {"face", "target"} <= {each["component"]["custom_id"] for each in opened.modal["components"]}


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("My credits", "**100 credits** available"),
        ("My jobs", wording("pages.empty")),
        ("My faces", wording("faces.none")),
        ("Privacy", wording("privacy.title")),
    ],
)
async def test_the_other_buttons_answer_as_their_commands_do(server: Server, label: str, words: str) -> None:
    shown = await server.member.slash(server.channel, "help")
    assert shown.response is not None
    assert words in said(await server.member.click(shown.response, label=label))


async def test_a_button_of_an_unloaded_command_says_that_it_has_changed(server: Server) -> None:
    shown = await server.member.slash(server.channel, "help")
    assert shown.response is not None
    await server.stage.app.client.unload_extension("cogs.swap")
    assert "This command has changed" in said(await server.member.click(shown.response, label=SWAP))


async def test_direct_messages_have_the_same_card(stage: Stage) -> None:
    user = stage.env.create_user("dora")
    assert "`/ai-face-swap`" in said(await user.slash("help"))
