"""Administrators decide for their own server only, and nobody else decides at all."""

from typing import Any

import discord
from discord import app_commands

from bot.ledger.server_rules import ServerRules
from tests.chat.admin_harness import Server, elsewhere
from tests.harness import Reply
from tests.wording import wording

EVERY_COMMAND: list[tuple[str, dict[str, Any]]] = [
    ("credits grant", {"amount": 5}),
    ("credits take", {"amount": 5}),
    ("credits set-daily", {"amount": 5}),
    ("credits set-role", {"amount": 5}),
    ("credits cap", {"amount": 5}),
    ("credits gifts", {"amount": 5}),
    ("credits show", {}),
    ("refund", {"job": "x"}),
    ("spend", {}),
    ("models", {"model": "faceswap-v5", "on": False}),
    ("limits", {"limit": "per_member", "amount": 1}),
    ("changes", {}),
    ("block", {}),
    ("unblock", {}),
    ("forgive", {"job": "x"}),
    ("channels", {"use": "off"}),
    ("roles", {"use": "off"}),
    ("log", {}),
    ("defaults", {}),
    ("approve", {"on": True}),
    ("cases", {}),
    ("delete-data", {}),
    ("panel", {}),
    ("setup", {}),
    ("event", {}),
    ("showcase", {}),
]


def filled(server: Server, command: str, options: dict[str, Any]) -> dict[str, Any]:
    """Add the options that are a member, channel or role of the server."""
    if command in {"credits grant", "credits take", "block", "unblock"}:
        return options | {"member": server.member}
    if command in {"channels", "log"}:
        return options | {"channel": server.channel}
    if command in {"credits set-role", "roles"}:
        return options | {"role": server.guild.create_role("Painters")}
    return options


def test_every_command_is_on_the_list_of_these_tests(server: Server) -> None:
    (admin,) = [each for each in server.stage.app.client.tree.get_commands() if each.name == "admin"]
    assert isinstance(admin, app_commands.Group)
    leaves = {each for each in admin.walk_commands() if isinstance(each, app_commands.Command)}
    names = {each.qualified_name.removeprefix("admin ") for each in leaves}
    assert names == {command for command, _ in EVERY_COMMAND}


async def test_a_member_who_sees_the_commands_cannot_use_them(server: Server) -> None:
    await server.show_to(server.member)
    # Not even where a channel lets them manage everything.
    manages = discord.PermissionOverwrite(manage_guild=True, manage_messages=True)
    server.channel = server.guild.create_text_channel("theirs", overwrites={server.member: manages})
    for command, options in EVERY_COMMAND:
        words = await server.ask(server.member, f"admin {command}", **filled(server, command, options))
        assert wording("refused.not_administrator") in words
    assert await server.rules() == ServerRules()
    assert await server.audit_entries() == []
    assert await server.granted() == 100


async def test_administrators_of_another_server_decide_nothing_here(server: Server) -> None:
    other = elsewhere(server.stage)
    visitor = server.guild.add_member(other.admin.user)
    await server.show_to(visitor)
    for command, options in EVERY_COMMAND:
        words = await server.ask(visitor, f"admin {command}", **filled(server, command, options))
        assert wording("refused.not_administrator") in words
    assert await server.audit_entries() == []


async def test_members_do_not_see_the_commands_by_default(server: Server) -> None:
    assert not [each for each in server.member.available_commands(server.channel) if "admin" in each]
    assert "admin refund" in server.admin.available_commands(server.channel)


async def test_the_administrator_permission_is_enough(server: Server) -> None:
    role = server.guild.create_role("All", permissions=discord.Permissions(administrator=True))
    boss = server.guild.add_member(server.stage.env.create_user("boss"), roles=[role])
    assert "The monthly cap is now 5" in await server.ask(boss, "admin credits cap", amount=5)


async def test_changes_in_one_server_do_not_affect_another(server: Server) -> None:
    other = elsewhere(server.stage)
    visitor = server.guild.add_member(other.member.user)
    await server.tell("credits grant", member=visitor, amount=50)
    await server.tell("credits set-daily", amount=50, member=visitor)
    await server.tell("credits set-daily", amount=40)
    await server.tell("credits cap", amount=0)
    await server.tell("models", model="faceswap-v5", on=False)
    await server.tell("limits", limit="per_member", amount=1)
    assert "**100 credits** available" in await other.balance()
    assert await other.rules() == ServerRules()
    reply = Reply(
        server.stage.env,
        await other.member.slash(other.channel, "faceswap-v5", **server.stage.files("faceswap-v5")),
    )
    await reply.says("Queued")


async def test_members_of_another_server_are_rejected(server: Server) -> None:
    other = elsewhere(server.stage)
    for command in ("credits grant", "credits take", "credits set-daily", "credits show"):
        options = {} if command == "credits show" else {"amount": 5}
        words = await server.tell(command, member=other.member.user, **options)
        assert wording("refused.not_here") in words
    assert await other.granted() == 100
    assert await server.audit_entries() == await other.audit_entries() == []


async def test_a_role_of_another_server_has_no_effect(server: Server) -> None:
    other = elsewhere(server.stage)
    role = other.guild.create_role("Painters")
    painter = other.guild.add_member(server.stage.env.create_user("pat"), roles=[role])
    credit_admin, by = server.credit_admin
    await credit_admin.set_role_allowance(by, role.id, 70)
    assert "**100 credits** available" in await other.ask(painter, "credits balance")
    assert await other.rules() == ServerRules()


async def test_a_bare_command_shows_and_changes_nothing(server: Server) -> None:
    await server.tell("log", channel=server.channel)
    await server.tell("credits cap", amount=7)
    before = await server.rules()
    role = server.guild.create_role("Painters")
    for command, options in (
        ("log", {}),
        ("credits cap", {}),
        ("credits set-daily", {}),
        ("credits set-daily", {"member": server.member}),
        ("credits set-role", {"role": role}),
        ("limits", {"limit": "per_member"}),
    ):
        assert await server.tell(command, **options)
    assert await server.rules() == before
    assert f"<#{server.channel.id}>" in await server.tell("log")
