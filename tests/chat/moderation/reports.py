"""Reports by members, and the cards and messages that follow from them."""

from typing import Any

import discord
import simcord

from bot.chat.moderation.case_messages import CaseMessages
from bot.chat.moderation.cases import CaseService
from tests.chat.admin_harness import Server, said
from tests.harness import Reply, Stage, eventually, texts


def messages_of(cases: CaseService) -> CaseMessages:
    return cases._case_messages  # pyright: ignore[reportPrivateUsage]


async def finished_order(stage: Stage) -> Reply:
    reply = await stage.order("faceswap-v5")
    await stage.finish(reply, "Completed")
    return reply


async def latest(channel: simcord.ChannelHandle, *words: str) -> Any:
    """Wait for the newest message of a channel that contains these words."""

    def found() -> Any:
        for message in reversed(channel.history()):
            if all(word in "\n".join(said_in(message)) for word in words):
                return message
        return None

    return await eventually(found, lambda: f"{words} in {[said_in(each) for each in channel.history()]}")


def said_in(message: Any) -> list[str]:
    return [each for component in message.components for each in texts(component.to_dict())]


async def reported_result(server: Server, by: simcord.MemberActor | None = None) -> Reply:
    reply = await finished_order(server.stage)
    await report(server, reply, by or server.stage.another_member("witness"))
    return reply


async def report(server: Server, reply: Reply, by: simcord.MemberActor, **answers: str) -> str:
    """Report a result, and return what the reporter reads."""
    form = await by.click(message_of(server.stage, reply), label="Report")
    return said(await by.submit_modal(form, {"complaint": "consent"} | answers))


async def take_step(
    by: simcord.MemberActor | simcord.UserHandle, card: Any, label: str, note: str = ""
) -> simcord.InteractionResult:
    """Press a button of a case and confirm the step."""
    form = await by.click(card, label=label)
    return await by.submit_modal(form, {"note": note} if note else {})


def gallery_of(message: Any) -> list[dict[str, Any]]:
    """Pictures that a card shows."""

    def galleries(component: Any) -> list[dict[str, Any]]:
        if component.get("type") == discord.ComponentType.media_gallery.value:
            return list(component["items"])
        return [each for inner in component.get("components", []) for each in galleries(inner)]

    return [each for component in message.components for each in galleries(component.to_dict())]


def message_of(stage: Stage, reply: Reply) -> discord.Message:
    return next(each for each in stage.channel.history() if each.id == reply.id)


def in_channel(stage: Stage, reply: Reply) -> bool:
    return any(each.id == reply.id for each in stage.channel.history())
