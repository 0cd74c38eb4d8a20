"""Fixtures: a log in which moderators approve each result, a moderator and an operator."""

from typing import Any

import pytest
import simcord

from bot.chat.moderation.operator_alerts import OperatorAlerts
from bot.chat.text import Text
from tests.chat.admin_harness import Server
from tests.chat.moderation.approvals.waiting import a_moderator, with_log


@pytest.fixture
async def log(server: Server) -> simcord.ChannelHandle:
    return await with_log(server)


@pytest.fixture
def moderator(server: Server) -> simcord.MemberActor:
    return a_moderator(server)


@pytest.fixture
def operator(server: Server, monkeypatch: pytest.MonkeyPatch) -> simcord.MemberActor:
    """Make a user an operator: the simulated Discord creates ids only once the bot has started."""
    app = server.stage.app
    user = server.guild.add_member(server.stage.env.create_user("operator"))
    its = OperatorAlerts([user.id], client=app.client, background=app.background, text=Text.load())
    service: Any = app.client.admin.approvals
    monkeypatch.setattr(service, "_operators", [user.id])
    monkeypatch.setattr(service._approval_requester, "_tell_operators", its.send_card)
    return user
