"""The form of `/swap` and other forms, as a member fills them in."""

from typing import Any

import simcord

from bot.jobs.job import Job
from tests.harness import Reply, Stage
from tests.media.files import picture

MENU = "Swap a face into this"
FACE = ("face.png", picture("PNG", 80, 60))
TARGET = ("photo.png", picture("PNG", 64, 48))


async def open_form(stage: Stage) -> simcord.InteractionResult:
    return await stage.member.slash(stage.channel, "swap")


async def submit_form(stage: Stage, shown: simcord.InteractionResult, **values: Any) -> Reply:
    return Reply(stage.env, await stage.member.submit_modal(shown, values))


async def order_of(stage: Stage, reply: Reply) -> Job:
    """The job of a reply, once Segmind has accepted it."""
    await reply.says("Queued")
    return await stage.job(reply)


def fields(shown: simcord.InteractionResult) -> dict[str, dict[str, Any]]:
    """Fields of a form, by their ids."""
    assert shown.modal is not None
    labelled = [each["component"] for each in shown.modal["components"] if "component" in each]
    return {each["custom_id"]: each for each in labelled}


def choices(field: dict[str, Any]) -> list[str]:
    return [option["value"] for option in field["options"]]
