"""Discord offers only files of the types that an option or a form takes."""

import pytest
import simcord

from tests.chat.orders.forms import fields, open_form
from tests.harness import Stage
from tests.media.files import video

PICTURES = ["image", ".heic", ".heif"]
ALL = [*PICTURES, "video"]


async def test_every_attachment_of_a_command_says_what_it_takes(stage: Stage) -> None:
    registered = stage.env.backend.commands[None].values()
    options = {
        (command["name"], option["name"]): option
        for command in registered
        for outer in command.get("options", ())
        for option in (outer, *outer.get("options", ()))
    }
    types = {key: option.get("file_types") for key, option in options.items() if option["type"] == 11}
    assert types["ai-face-swap", "target"] == ALL
    assert types["again", "target"] == ALL
    assert {key for key, found in types.items() if found != PICTURES} == {
        ("ai-face-swap", "target"),
        ("again", "target"),
    }
    assert all("file_types" not in option for option in options.values() if option["type"] != 11)


async def test_discord_itself_refuses_a_file_of_another_type(stage: Stage) -> None:
    with pytest.raises(simcord.OptionError):
        await stage.order("faceswap-v5", target_image=("clip.mp4", video()))


async def test_the_form_says_what_its_uploads_take(stage: Stage) -> None:
    asked = fields(await open_form(stage))
    assert (asked["face"]["file_types"], asked["target"]["file_types"]) == (PICTURES, ALL)
