"""Every change has an audit entry, and administrators read them page by page."""

import discord

from bot.chat.text import Text
from bot.chat.ui.info_card import InfoCard
from bot.chat.ui.pagination import PageButton
from bot.ledger.ledger import AuditEntry
from tests.chat.admin_harness import Server, elsewhere, said
from tests.harness import texts
from tests.wording import wording


async def test_every_change_is_listed_with_its_actor_and_time(server: Server) -> None:
    job = await server.job_done()
    role = server.guild.create_role("Painters")
    for command, options in (
        ("credits grant", {"member": server.member, "amount": 5, "reason": "a `prize`\n@everyone"}),
        ("credits take", {"member": server.member, "amount": 1}),
        ("credits set-daily", {"amount": 1}),
        ("credits set-daily", {"reset": True}),
        ("credits set-daily", {"amount": 2, "member": server.member}),
        ("credits set-role", {"role": role, "amount": 3}),
        ("credits set-role", {"role": role, "reset": True}),
        ("credits cap", {"amount": 7}),
        ("refund", {"job": job}),
        ("models", {"model": "faceswap-v5", "on": False}),
        ("limits", {"limit": "per_server", "amount": 3}),
    ):
        await server.tell(command, **options)
    result = await server.admin.slash(server.channel, "admin changes")
    newest = said(result).splitlines()[1:]
    assert result.response is not None
    await server.admin.click(result.response, label="Older")
    lines = newest + said(result).splitlines()[1:]
    member = f"<@{server.member.id}>"
    assert [line.split(f"<@{server.admin.id}>: ")[1] for line in lines] == [
        "The limit for simultaneous jobs in the server is now 3 jobs.",
        "Face swap v5 is now off.",
        f"{member} got 5 credits back for job `{job[-8:]}`.",
        "The monthly cap is now 7 credits.",
        f"The daily allowance of <@&{role.id}> was reset to the operator's.",
        f"The daily allowance of <@&{role.id}> is now 3 credits.",
        f"The daily allowance of {member} is now 2 credits.",
        "The daily allowance was reset to the operator's.",
        "The daily allowance is now 1 credit.",
        f"{member} lost 1 credit.",
        f"{member} got 5 credits. Reason: `a 'prize' @everyone`",
    ]
    assert all(line.startswith("<t:") for line in lines)


async def test_the_longest_changes_fit_on_a_page(server: Server) -> None:
    facts = {"member": 2**63 - 1, "amount": 10**15, "job": "f" * 23, "reason": "`w`" * 100}
    for _ in range(10):
        audit_entry = AuditEntry(str(2**63 - 1), "refund", facts, guild_id=server.guild.id)
        await server.stage.app.store.change_rules(server.guild.id, lambda same: same, audit_entry)
    words = await server.tell("changes")
    assert len(words) <= 4000
    assert len(words.splitlines()) == 11


async def test_an_unknown_action_and_one_of_the_operator_are_listed_too(server: Server) -> None:
    audit_entry = AuditEntry("operator", "something `new`", {}, guild_id=server.guild.id)
    await server.stage.app.store.change_rules(server.guild.id, lambda same: same, audit_entry)
    assert "the bot's operator: Another change: `something 'new'`" in await server.tell("changes")


async def test_a_purchase_is_listed_for_the_member_and_for_the_administrators(server: Server) -> None:
    audit_entry = AuditEntry(
        "shop", "purchase", {"member": server.member.id, "amount": 500}, guild_id=server.guild.id
    )
    await server.stage.app.store.grant(server.account, 500, "bought", audit_entry)
    words = await server.tell("changes")
    assert f"the Discord shop: <@{server.member.id}> bought 500 credits." in words
    assert "Bought · **+500** · <t:" in await server.ask(server.member, "credits history")


async def test_changes_of_other_servers_are_not_shown(server: Server) -> None:
    other = elsewhere(server.stage)
    await other.tell("credits cap", amount=7)
    assert wording("pages.empty") in await server.tell("changes")
    assert "The monthly cap is now 7" in await other.tell("changes")


async def test_a_former_administrator_cannot_open_another_page(server: Server) -> None:
    for amount in range(11):
        await server.tell("credits cap", amount=amount)
    result = await server.admin.slash(server.channel, "admin changes")
    server.stage.env.backend.remove_member_role(
        server.guild.id, server.admin.id, server.guild.roles["Admins"].id
    )
    assert result.response is not None
    pressed = await server.admin.click(result.response, label="Older")
    assert wording("refused.not_administrator") in said(pressed)
    assert "The monthly cap is now 0 credits" not in said(result)


async def test_only_the_reader_of_a_list_can_use_its_buttons(server: Server) -> None:
    await server.tell("credits cap", amount=7)
    channel = server.stage.app.client.get_channel(server.channel.id)
    assert isinstance(channel, discord.TextChannel)
    button = PageButton("changes", server.admin.id, "before", 10**9, "Older")
    message = await channel.send(view=InfoCard("Changes", [], Text.load(), buttons=[button]))
    eve = server.stage.another_member("eve")
    assert wording("refused.not_yours") in said(await eve.click(message, label="Older"))
    pressed = await server.admin.click(message, label="Older")
    assert pressed.response is not None
    assert "The monthly cap is now 7" in "\n".join(texts(pressed.response.components))
