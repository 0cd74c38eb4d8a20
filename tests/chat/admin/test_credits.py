"""Grants, allowances and caps: administrators set them within the operator's bounds, with an audit entry."""

import pytest
import simcord

from bot.ledger.ledger import AuditEntry
from bot.ledger.server_rules import ServerRules
from tests.chat.admin_harness import Server, elsewhere

BOUNDS = {"daily_most": 80, "grant_most": 60, "server_monthly": 500, "daily": 20, "start": 0}
bounded = pytest.mark.stage(credits=BOUNDS)


@bounded
async def test_a_grant_up_to_the_bound_is_recorded(server: Server) -> None:
    words = await server.tell("credits grant", member=server.member, amount=1)
    assert f"<@{server.member.id}> got 1 credit.\n" in words
    words = await server.tell("credits grant", member=server.member, amount=60, reason="a *prize*")
    assert f"<@{server.member.id}> got 60 credits. Reason: `a *prize*`" in words
    assert "never expire: **61**" in words
    assert await server.granted() == 61
    facts = {"member": server.member.id, "amount": 60, "reason": "a *prize*"}
    assert (await server.audit_entries())[1:] == [(str(server.admin.id), "grant", facts)]


@bounded
async def test_a_grant_beyond_the_bound_is_rejected_with_the_bound(server: Server) -> None:
    for amount in (61, 2**53 - 1):
        words = await server.tell("credits grant", member=server.member, amount=amount)
        assert "limit is 60 credits at a time" in words
    assert await server.granted() == 0
    assert await server.audit_entries() == []


@bounded
@pytest.mark.parametrize("command", ["credits grant", "credits take"])
async def test_discord_accepts_no_amount_below_one(server: Server, command: str) -> None:
    for amount in (0, -1):
        with pytest.raises(simcord.OptionError):
            await server.tell(command, member=server.member, amount=amount)


async def test_invalid_amounts_are_rejected_without_discords_help(server: Server) -> None:
    credit_admin, by = server.credit_admin
    for invalid in (
        credit_admin.take(by, server.member.id, -5000),
        credit_admin.grant(by, server.member.id, 0),
        credit_admin.set_allowance(by, -1),
        credit_admin.set_limit(by, "per_member", 0),
        credit_admin.set_limit(by, "pixels", 5),
    ):
        with pytest.raises(ValueError, match=r"^(\w+: -?\d+|pixels)$"):
            await invalid
    assert await server.granted() == 100
    assert await server.rules() == ServerRules()


async def test_granted_credits_can_be_taken_to_the_last_one(server: Server) -> None:
    words = await server.tell("credits take", member=server.member, amount=40)
    assert f"<@{server.member.id}> lost 40 credits." in words
    assert "never expire: **60**" in words
    await server.tell("credits take", member=server.member, amount=60)
    assert await server.granted() == 0


@pytest.mark.stage(credits={"daily": 50, "start": 10})
async def test_no_more_is_taken_than_was_granted(server: Server) -> None:
    words = await server.tell("credits take", member=server.member, amount=11)
    assert "only take granted credits, and this member has 10 credits" in words
    assert await server.granted() == 10
    assert await server.audit_entries() == []


@bounded
async def test_a_daily_allowance_applies_to_all_members_until_it_is_unset(server: Server) -> None:
    for amount in (0, 80):
        words = await server.tell("credits set-daily", amount=amount)
        assert f"The daily allowance is now {amount} credits." in words
        assert f"**{amount} credits** available" in await server.balance()
    assert "was reset to the operator's." in await server.tell("credits set-daily", reset=True)
    assert "**20 credits** available" in await server.balance()
    assert [facts["amount"] for _, _, facts in await server.audit_entries()] == [0, 80, None]


@bounded
async def test_a_members_own_allowance_overrides_their_roles(server: Server) -> None:
    painters = server.guild.create_role("Painters")
    painter = server.guild.add_member(server.stage.env.create_user("pat"), roles=[painters])
    await server.tell("credits set-role", role=painters, amount=70)
    words = await server.tell("credits set-daily", amount=5, member=painter)
    assert f"The daily allowance of <@{painter.id}> is now 5 credits." in words
    assert "**5 credits** available" in await server.ask(painter, "credits balance")
    assert "**20 credits** available" in await server.balance()
    assert "was reset to everyone's" in await server.tell("credits set-daily", member=painter, reset=True)
    assert "**70 credits** available" in await server.ask(painter, "credits balance")


@bounded
async def test_the_highest_allowance_of_a_members_roles_counts(server: Server) -> None:
    roles = [server.guild.create_role(f"Role {number}") for number in range(3)]
    painter = server.guild.add_member(server.stage.env.create_user("pat"), roles=roles[:2])
    for role, amount in zip(roles, (30, 80, 60), strict=True):
        assert f"allowance of <@&{role.id}> is now {amount} " in await server.tell(
            "credits set-role", role=role, amount=amount
        )
    assert "**80 credits** available" in await server.ask(painter, "credits balance")
    await server.tell("credits set-role", role=roles[1], reset=True)
    assert "**30 credits** available" in await server.ask(painter, "credits balance")


@bounded
async def test_an_allowance_beyond_the_bound_is_rejected(server: Server) -> None:
    role = server.guild.create_role("Painters")
    for words in (
        await server.tell("credits set-daily", amount=81),
        await server.tell("credits set-daily", amount=81, member=server.member),
        await server.tell("credits set-role", amount=81, role=role),
    ):
        assert "limit is 80 credits a day" in words
    assert await server.rules() == ServerRules()
    assert await server.audit_entries() == []


@bounded
async def test_a_cap_stops_orders_until_it_is_unset(server: Server) -> None:
    assert "The monthly cap is now 4 credits." in await server.tell("credits cap", amount=4)
    reply = await server.stage.order("faceswap-v5")
    await reply.refused("used up its credits for this month (4 credits left)")
    await server.tell("credits cap", reset=True)
    await (await server.stage.order("faceswap-v5")).says("Queued")
    assert [facts["amount"] for _, _, facts in await server.audit_entries()] == [4, None]


@bounded
async def test_a_cap_can_only_be_lower_than_the_operators(server: Server) -> None:
    assert "limit is 500 credits a month" in await server.tell("credits cap", amount=501)
    assert (await server.rules()).monthly is None
    await server.tell("credits cap", amount=500)
    assert (await server.rules()).monthly == 500


async def test_without_an_operators_cap_any_cap_is_accepted(server: Server) -> None:
    await server.tell("credits cap", amount=10**9)
    assert (await server.rules()).monthly == 10**9


async def test_the_server_card_marks_values_of_the_operator(server: Server) -> None:
    words = await server.tell("credits show")
    assert "Daily allowance per member: **0** (operator's default)" in words
    assert "**0** credits (no cap)" in words
    assert "500 per member and day, 1000 per grant" in words
    await server.tell("credits cap", amount=50)
    await server.tell("credits set-daily", amount=30)
    await server.tell("credits set-daily", amount=3, member=server.member)
    await (await server.stage.order("faceswap-v4")).says("Queued")
    words = await server.tell("credits show")
    assert "Daily allowance per member: **30**\n" in words
    assert "**13** of 50 credits" in words
    assert f"Daily allowance for <@{server.member.id}>: **3**" in words


async def test_a_members_card_shows_what_the_member_sees(server: Server) -> None:
    words = await server.tell("credits show", member=server.member)
    assert f"<@{server.member.id}>" in words
    assert set((await server.balance()).splitlines()[1:]) <= set(words.splitlines())


async def test_25_roles_and_hundreds_of_members_fit_on_the_card(server: Server) -> None:
    roles = {10**18 + number: number for number in range(25)}
    members = {10**18 + number: number for number in range(300)}
    await server.stage.app.store.change_rules(
        server.guild.id,
        lambda rules: rules.model_copy(update={"roles": roles, "members": members}),
        AuditEntry("1", "many"),
    )
    words = await server.tell("credits show")
    assert all(f"<@&{role}>" in words for role in roles)
    assert "… and " in words
    assert len(words) <= 4000


@pytest.mark.stage(credits={"grants_monthly": 25, "start": 10})
async def test_what_administrators_give_away_in_a_month_is_bounded(server: Server) -> None:
    first, second = await server.job_done(), await server.job_done()
    assert "got 22 credits" in await server.tell("credits grant", member=server.admin, amount=22)
    words = await server.tell("credits grant", member=server.admin, amount=4)
    assert "leaves 3 credits to give" in words
    # A refund costs as much as a grant, or orders and refunds would be a way around the bound.
    assert "leaves 3 credits to give" in await server.tell("refund", job=first)
    assert "lost 2 credits" in await server.tell("credits take", member=server.admin, amount=2)
    assert "got 5 credits back" in await server.tell("refund", job=first)
    assert "leaves 0 credits to give" in await server.tell("refund", job=second)
    assert [action for _, action, _ in await server.audit_entries()] == ["grant", "take", "refund"]
    assert "25 per month" in await server.tell("credits show")
    # Every server has its own bound.
    other = elsewhere(server.stage)
    assert "got 25 credits" in await other.tell("credits grant", member=other.member, amount=25)
