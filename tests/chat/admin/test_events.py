"""Administrators start events, in which the server pays for what its members use."""

from dataclasses import dataclass, replace

import pytest

from bot.jobs.service import Order
from bot.ledger.account import Member
from bot.ledger.events import EventOver
from bot.ledger.policy import MemberTerms
from cogs.faceswap_v5 import FaceswapV5
from tests.chat.admin_harness import Server, elsewhere
from tests.store.orders import order


async def test_in_a_free_event_members_pay_nothing(server: Server) -> None:
    words = await server.tell("event", hours=2, cap=12, model="faceswap-v5")
    assert "An event started. **Event:** Face swap v5 for free. It lasts 2 h" in words
    assert "the server pays up to 12 credits." in words
    assert "Face swap v5 for free." in await server.ask(server.member, "credits prices")
    await server.job_done()
    assert await server.granted() == 100
    assert "Face swap v5 · nothing charged" in await server.ask(server.member, "credits history")
    shown = await server.tell("event")
    assert "or once the server has paid 7 credits more." in shown
    # Another model has its usual price.
    await server.job_done("faceswap-comic")
    assert await server.granted() < 100
    assert "Spent this month: **" in await server.tell("credits show")
    assert await server.stage.app.store.discrepancies() == []


async def test_a_cheaper_event_ends_with_its_credits(server: Server) -> None:
    await server.tell("event", hours=2, cap=6, discount=60)
    assert "All models for 60% less." in await server.tell("event")
    for left in (98, 96):
        await server.job_done()
        assert await server.granted() == left
    # The credits of the event are used up, so the usual price counts again.
    await server.job_done()
    assert await server.granted() == 91
    assert await server.stage.app.store.discrepancies() == []


async def test_a_member_without_credits_orders_in_a_free_event_until_it_is_ended(server: Server) -> None:
    await server.tell("credits take", member=server.member, amount=100)
    await (await server.stage.order("faceswap-v5")).refused("You need 5 credits but have 0")
    await server.tell("event", hours=1, cap=100)
    await server.job_done()
    assert "The event was ended." in await server.tell("event", end=True)
    assert "No event is running" in await server.tell("event", end=True)
    assert "No event is running." in await server.tell("event")
    await (await server.stage.order("faceswap-v5")).refused("You need 5 credits but have 0")


async def test_a_failed_job_gives_its_part_back(server: Server) -> None:
    await server.tell("event", hours=1, cap=5)
    server.stage.segmind.faults.next("submit", "failed=no face")
    await server.stage.finish(await server.stage.order("faceswap-v5"), "Failed")
    assert "paid 5 credits more" in await server.tell("event")
    await server.job_done()
    assert await server.granted() == 100
    assert await server.stage.app.store.discrepancies() == []


@pytest.mark.stage(credits={"grants_monthly": 20, "start": 100})
async def test_an_event_stays_within_what_administrators_may_give_away(server: Server) -> None:
    assert "An event can cost 20 credits at most" in await server.tell("event", hours=1, cap=21)
    await server.tell("credits grant", member=server.member, amount=14)
    await server.tell("event", hours=1, cap=20)
    assert "paid 6 credits more" in await server.tell("event")
    await server.job_done()
    words = await server.tell("credits grant", member=server.member, amount=2)
    assert "leaves 1 credit to give" in words


async def test_an_event_of_another_server_and_an_unknown_model_change_nothing(server: Server) -> None:
    other = elsewhere(server.stage)
    await other.tell("event", hours=1, cap=100)
    assert "no such model" in await server.tell("event", hours=1, cap=100, model="faceswap-v9")
    await server.job_done()
    assert await server.granted() == 95


async def test_the_models_of_an_event_are_offered(server: Server) -> None:
    for option in ("model", "model2", "model3"):
        found = await server.admin.autocomplete(server.channel, "admin event", option, "comic")
        assert [choice["value"] for choice in found] == ["faceswap-comic"]


@dataclass
class OrderedAtOnce:
    """Orders of the member that were priced with the event as it is now."""

    server: Server
    terms: MemberTerms

    @classmethod
    async def now(cls, server: Server) -> "OrderedAtOnce":
        member = Member(server.member.id, server.guild.id)
        return cls(server, await server.stage.app.client.orders.job_service.terms(member))

    async def place(self, count: int) -> list[tuple[int, int]]:
        """Place a batch of `count` jobs; return what the member and the server pay for each."""
        member = Member(self.server.member.id, self.server.guild.id)
        files = {name: f"https://cdn.example/{name}.png" for name in ("source_image", "target_image")}
        model = FaceswapV5.model_validate(files)
        place = replace(order(member.account).place, guild_id=member.guild_id)
        each = Order(model, place, member, self.terms)
        jobs = await self.server.stage.app.client.orders.job_service.order(*[each] * count)
        return [(job.price, job.subsidy) for job in jobs]


async def test_an_event_pays_for_a_whole_batch_or_for_none_of_it(server: Server) -> None:
    await server.tell("event", hours=1, cap=10)
    orders = await OrderedAtOnce.now(server)
    assert await orders.place(3) == [(5, 0)] * 3
    assert await orders.place(2) == [(0, 5)] * 2
    assert await server.stage.app.store.discrepancies() == []


async def test_nobody_pays_more_than_the_price_that_they_ordered_at(server: Server) -> None:
    await server.tell("event", hours=1, cap=5)
    orders = await OrderedAtOnce.now(server)
    assert await orders.place(1) == [(0, 5)]
    with pytest.raises(EventOver):
        await orders.place(1)
    assert await server.granted() == 100
    sentence = server.stage.app.client.message_for(EventOver())
    assert "the usual price applies again. Nothing was charged" in sentence
