"""Contexts of the commands, and the account that pays in each."""

from typing import Any

import pytest

from bot.administration.audit import AuditAction
from bot.chat.contexts import Contexts
from bot.ledger.account import account_of
from bot.ledger.ledger import AuditEntry
from bot.settings import sections
from tests.chat.admin_harness import Server, said
from tests.harness import Reply, Stage
from tests.interactions import Arrivals
from tests.wording import wording

SERVER, DIRECT, PRIVATE = 0, 1, 2
GUILDS, USERS = 0, 1


def payloads(stage: Stage) -> dict[str, dict[str, Any]]:
    tree = stage.app.client.tree
    return {command.name: command.to_dict(tree) for command in tree.get_commands()}


async def give(stage: Stage, account: str, amount: int) -> None:
    audit_entry = AuditEntry("operator", AuditAction.GRANT, {"amount": amount})
    await stage.app.store.grant(account, amount, "a gift", audit_entry)


@pytest.fixture
def arrivals(stage: Stage) -> Arrivals:
    return Arrivals(stage)


@pytest.fixture
def own(stage: Stage) -> str:
    """The member's account outside servers."""
    return account_of(guild_id=None, user_id=stage.member.id)


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize("user_install", [True, False])
def test_the_settings_open_and_close_each_place(direct: bool, user_install: bool) -> None:
    contexts = Contexts(sections.Contexts(direct=direct, user_install=user_install))
    places = [place for place, opened in ((DIRECT, direct), (PRIVATE, user_install)) if opened]
    assert contexts.places.to_array() == [SERVER, *places]
    assert contexts.installs.to_array() == ([GUILDS, USERS] if user_install else [GUILDS])


async def test_by_default_commands_work_in_servers_and_in_direct_messages(stage: Stage) -> None:
    for name, command in payloads(stage).items():
        # Avatars are shared by server.
        servers_only = command["default_member_permissions"] is not None or name == "Swap with this member"
        assert command["contexts"] == ([SERVER] if servers_only else [SERVER, DIRECT]), name
        assert command["integration_types"] == [GUILDS], name


@pytest.mark.stage(contexts={"direct": True, "user_install": True})
async def test_admin_commands_stay_in_servers_in_every_configuration(stage: Stage) -> None:
    commands = payloads(stage)
    assert commands["faceswap-v5"]["contexts"] == [SERVER, DIRECT, PRIVATE]
    assert commands["faceswap-v5"]["integration_types"] == [GUILDS, USERS]
    assert commands["admin"]["contexts"] == [SERVER]
    assert commands["admin"]["integration_types"] == [GUILDS]


async def test_an_order_in_direct_messages_is_paid_from_the_members_own_account(
    stage: Stage, own: str
) -> None:
    await give(stage, own, 7)
    reply = Reply(stage.env, await stage.member.user.slash("faceswap-v5", **stage.files("faceswap-v5")))
    await stage.finish(reply, "Completed")
    assert (await stage.app.store.balance(own)).free == 2
    assert (await stage.app.store.balance(stage.account)).free in {0, 100}
    assert (await stage.job(reply)).account == own
    assert len(reply.attachments) == 1


async def test_direct_messages_have_no_allowance_by_default(stage: Stage, own: str) -> None:
    del own
    reply = Reply(stage.env, await stage.member.user.slash("faceswap-v5", **stage.files("faceswap-v5")))
    await reply.refused("You need 5 credits but have 0 credits.")
    assert not stage.segmind.submissions


@pytest.mark.stage(credits={"direct_daily": 6})
async def test_the_operator_may_allow_some_credits_a_day_in_direct_messages(stage: Stage) -> None:
    assert "6 credits" in said(await stage.member.user.slash("credits balance"))


@pytest.mark.stage(contexts={"user_install": True})
async def test_the_member_pays_for_orders_with_a_user_installed_app(
    stage: Stage, arrivals: Arrivals, own: str
) -> None:
    arrivals.brings_the_app(stage.member.id)
    await give(stage, own, 5)
    reply = await stage.order("faceswap-v5")
    await stage.finish(reply, "Completed")
    assert (await stage.job(reply)).account == own
    assert (await stage.app.store.balance(own)).free == 0


@pytest.mark.stage(contexts={"user_install": True})
async def test_the_members_server_account_pays_where_the_server_has_the_bot(
    stage: Stage, arrivals: Arrivals
) -> None:
    arrivals.brings_the_app(stage.member.id, to=stage.guild.id)
    reply = await stage.order("faceswap-v5")
    await stage.finish(reply, "Completed")
    assert (await stage.job(reply)).account == stage.account


@pytest.mark.stage(credits={"direct_daily": 50})
async def test_an_old_button_does_nothing_where_the_bot_may_no_longer_be_used(
    stage: Stage, arrivals: Arrivals
) -> None:
    """The operator has switched user installs off, but old messages still have their buttons."""
    first = await stage.order("faceswap-v5")
    await stage.finish(first, "Completed")
    assert first.result.response is not None
    arrivals.brings_the_app(stage.member.id)
    again = Reply(stage.env, await stage.member.click(first.result.response, label="Reroll"))
    await again.refused(wording("refused.channel"))
    assert len(stage.segmind.submissions) == 1


@pytest.mark.stage(contexts={"user_install": True})
async def test_a_user_installed_app_cannot_administer_a_server(server: Server, arrivals: Arrivals) -> None:
    arrivals.brings_the_app(server.admin.id)
    assert wording("refused.not_administrator") in await server.tell("credits cap", amount=5)
    assert await server.audit_entries() == []


async def test_an_order_uses_none_of_the_five_follow_ups_of_a_user_installed_app(stage: Stage) -> None:
    await stage.finish(await stage.order("faceswap-v5"), "Completed")
    assert {each.method for each in stage.env.http_requests if "/webhooks/" in each.path} == {"PATCH"}
