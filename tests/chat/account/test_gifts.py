"""Members give credits to each other, where the operator and the administrators allow it."""

import pytest
import simcord

from tests.chat.admin_harness import Server, elsewhere, said
from tests.harness import Stage, texts
from tests.wording import wording

gifts_on = pytest.mark.stage(credits={"gifts_daily": 50})


async def give(server: Server, receiver: simcord.MemberActor, amount: int) -> simcord.InteractionResult:
    return await server.member.slash(server.channel, "credits give", member=receiver, amount=amount)


@gifts_on
async def test_a_member_gives_credits_and_the_receiver_reads_of_it(server: Server) -> None:
    bea = server.stage.another_member("bea")
    result = await give(server, bea, 30)
    words = said(result)
    assert f"You gave 30 credits to <@{bea.id}>." in words
    assert "**70 credits** available" in words
    (public,) = result.followups
    assert not public.ephemeral
    assert f"<@{server.member.id}> gave 30 credits to <@{bea.id}>." in "\n".join(texts(public.components))
    assert "**130 credits** available" in await server.ask(bea, "credits balance")
    minus = "\N{MINUS SIGN}"
    assert f"Gift to <@{bea.id}> · **{minus}30** · <t:" in await server.ask(server.member, "credits history")
    assert f"Gift from <@{server.member.id}> · **+30** · <t:" in await server.ask(bea, "credits history")
    assert f"<@{server.member.id}>: <@{bea.id}> got 30 credits as a gift." in await server.tell("changes")
    assert await server.stage.app.store.discrepancies() == []


@gifts_on
async def test_a_gift_beyond_a_bound_is_refused_in_words(server: Server) -> None:
    bea, cleo = server.stage.another_member("bea"), server.stage.another_member("cleo")
    await server.tell("credits take", member=server.member, amount=90)
    assert "You can give up to 10 credits" in said(await give(server, bea, 11))
    await server.tell("credits grant", member=server.member, amount=90)
    await give(server, bea, 45)
    assert "You can give 5 credits more today." in said(await give(server, cleo, 6))
    server.member = cleo
    assert "This member can get 5 credits more today." in said(await give(server, bea, 6))
    assert await server.stage.app.store.discrepancies() == []


@gifts_on
async def test_nobody_gives_to_themselves_or_to_a_bot(server: Server) -> None:
    robot = server.guild.add_member(server.stage.env.create_user("robot", bot=True))
    for receiver in (server.member, robot):
        assert "can't give credits to yourself or to a bot" in said(await give(server, receiver, 1))
    assert await server.granted() == 100


async def test_gifts_are_off_until_the_operator_allows_them(server: Server) -> None:
    bea = server.stage.another_member("bea")
    assert "can't give credits to each other" in said(await give(server, bea, 1))
    assert "The operator's limit for gifts is 0 credits" in await server.tell("credits gifts", amount=1)
    assert "Gifts" not in await server.tell("credits show")


@gifts_on
async def test_administrators_lower_the_bound_or_switch_gifts_off(server: Server) -> None:
    bea, other = server.stage.another_member("bea"), elsewhere(server.stage)
    assert "A member can now give and get 0 credits per day." in await server.tell("credits gifts", amount=0)
    assert "Gifts per member and day: **0** at most" in await server.tell("credits show")
    assert "can't give credits to each other" in said(await give(server, bea, 1))
    dan = other.guild.add_member(server.stage.env.create_user("dan"))
    assert "You gave 1 credit" in said(await give(other, dan, 1))
    assert "was reset to the operator's" in await server.tell("credits gifts", reset=True)
    assert "You gave 50 credits" in said(await give(server, bea, 50))


@gifts_on
async def test_a_blocked_member_gives_nothing(server: Server) -> None:
    await server.tell("block", member=server.member)
    bea = server.stage.another_member("bea")
    assert wording("refused.blocked_here") in said(await give(server, bea, 1))


@gifts_on
async def test_gifts_stay_within_a_server(stage: Stage) -> None:
    user = stage.env.create_user("dora")
    result = await user.slash("credits give", member=stage.member.user, amount=1)
    assert "isn't in this server" in said(result) or wording("refused.not_here") in said(result)
