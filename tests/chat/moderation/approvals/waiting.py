"""Results that wait for approval, and the moderators who decide about them."""

import asyncio
from typing import Any

import discord
import simcord

from bot.jobs.delivery import Delivery
from bot.jobs.job import Job
from bot.moderation.approvals import Approval, ApprovalMonitor
from tests.chat.admin_harness import Server
from tests.chat.moderation.reports import latest, said_in
from tests.clocks import HeldClock
from tests.harness import Reply, texts
from tests.patience import PATIENCE
from tests.wording import wording

WAITS = wording("state.awaited")


async def with_log(server: Server) -> simcord.ChannelHandle:
    """Log channel in which moderators approve each result."""
    channel = server.guild.create_text_channel("mod-log")
    await server.tell("log", channel=channel)
    assert wording("audit.approval_on") in await server.tell("approve", on=True)
    return channel


def a_moderator(server: Server) -> simcord.MemberActor:
    role = server.guild.create_role("Mods", permissions=discord.Permissions(manage_messages=True))
    return server.guild.add_member(server.stage.env.create_user("mod"), roles=[role])


async def waiting_result(server: Server, log: simcord.ChannelHandle, **options: Any) -> tuple[Reply, Any]:
    """An order whose result waits, and the card with which moderators are asked about it."""
    reply = await server.stage.order("faceswap-v5", **options)
    await server.stage.finish(reply, WAITS)
    card = await latest(log, wording("approval.title"))
    assert (await server.stage.wait_until_told(reply)).delivery == Delivery.AWAITED
    return reply, card


async def approval_of(server: Server, reply: Reply) -> Approval:
    approval = await server.stage.app.store.approvals.find((await server.stage.job(reply)).id)
    assert approval is not None
    return approval


async def until_delivered(server: Server, reply: Reply) -> Job:
    """The job once its end was told for good."""
    async with asyncio.timeout(PATIENCE):
        while not (job := await server.stage.job(reply)).told or job.delivery == Delivery.AWAITED:
            await asyncio.sleep(0.01)
    return job


def monitor_of(server: Server, clock: HeldClock) -> ApprovalMonitor:
    app = server.stage.app
    service: Any = app.client.admin.approvals
    return ApprovalMonitor(app.store.approvals, service, clock)


def refusal_of(pressed: simcord.InteractionResult) -> str:
    return "\n".join(texts(pressed.followups[0].components))


def shown_pictures(message: Any) -> list[dict[str, Any]]:
    return [
        picture
        for component in message.components
        for inner in component.to_dict().get("components", [])
        for picture in inner.get("items", [])
    ]


def cards_in(log: simcord.ChannelHandle) -> list[Any]:
    """Cards on which moderators were asked for approval."""
    words = (wording("approval.title"), "Decided")
    return [each for each in log.history() if any(word in "\n".join(said_in(each)) for word in words)]
