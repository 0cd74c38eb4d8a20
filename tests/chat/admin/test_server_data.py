"""Administrators delete what is stored about their server, after a question."""

import simcord

from bot.ledger.server_rules import ServerRules
from tests.chat.admin_harness import Server, elsewhere, said
from tests.harness import texts
from tests.wording import wording


async def asked(server: Server) -> simcord.InteractionResult:
    return await server.admin.slash(server.channel, "admin delete-data")


async def test_an_administrator_deletes_the_data_of_their_server_alone(server: Server) -> None:
    other = elsewhere(server.stage)
    for each in (server, other):
        await each.tell("log", channel=each.channel)
        await each.tell("block", member=each.member, reason="rude")
        await each.tell("limits", limit="per_member", amount=1)
    question = await asked(server)
    assert wording("server_data.kept") in said(question)
    assert (await server.rules()).blocked == {server.member.id}
    assert question.response is not None
    await server.admin.click(question.response, label="Delete this server's data")
    assert wording("audit.forget") in "\n".join(texts(question.response.components))
    assert await server.rules() == ServerRules()
    assert (await other.rules()).blocked == {other.member.id}
    assert "rude" not in str(await server.audit_entries())
    assert (await server.audit_entries())[-1] == (str(server.admin.id), "forget", {})
    assert await server.stage.app.store.discrepancies() == []
    # The limit that held for the queue went, too.
    for _ in range(2):
        await (await server.stage.order("faceswap-v5")).says("Queued")


async def test_nobody_else_can_confirm(server: Server) -> None:
    await server.tell("log", channel=server.channel)
    client = server.stage.app.client
    channel = client.get_partial_messageable(server.channel.id)
    message = await channel.send(view=client.admin.server_deletion.question())
    pressed = await server.member.click(message, label="Delete this server's data")
    assert wording("refused.not_administrator") in said(pressed)
    assert (await server.rules()).log_channel == server.channel.id
