"""Members read their balance, their history page by page, and the prices."""

import asyncio
import re
import time
from typing import Any

import pytest

from bot.ledger.ledger import AuditEntry
from tests.chat.admin_harness import Server, elsewhere, said
from tests.harness import Stage, texts
from tests.segmind_docs import MODELS, PRICES
from tests.wording import wording


async def test_a_new_member_has_the_initial_credits(server: Server) -> None:
    words = await server.balance()
    assert "**100 credits** available" in words
    assert "no daily allowance here" in words


@pytest.mark.stage(credits={"daily": 50, "start": 0})
async def test_the_balance_shows_allowance_grants_holds_and_the_next_refill(server: Server) -> None:
    stage = server.stage
    await stage.app.store.grant(server.account, 7, "a prize", AuditEntry("1", "grant"))
    await (await stage.order("faceswap-v5")).says("Queued")
    words = await server.balance()
    midnight = int(time.time() // 86_400 * 86_400 + 86_400)
    assert "**52 credits** available" in words
    assert "**45** of 50 left" in words
    assert "never expire: **7**" in words
    assert "running jobs: **5**" in words
    assert f"refills at <t:{midnight}:f> (<t:{midnight}:R>)" in words


@pytest.mark.stage(credits={"daily": 50, "start": 0, "refill": "rolling"})
async def test_a_rolling_allowance_starts_with_its_first_spent_credit(server: Server) -> None:
    assert wording("balance.full") in await server.balance()
    before = time.time()
    await (await server.stage.order("faceswap-v5")).says("Queued")
    after = time.time()
    (shown,) = re.findall(r"<t:(\d+):R>", await server.balance())
    assert int(before) <= int(shown) - 86_400 <= after


@pytest.mark.stage(credits={"daily": 50})
async def test_direct_messages_have_no_allowance_by_default(stage: Stage) -> None:
    user = stage.env.create_user("dora")
    words = said(await user.slash("credits balance"))
    assert "**0 credits** available" in words
    assert "no daily allowance here" in words


async def test_the_history_has_one_line_for_each_job(server: Server) -> None:
    done, refunded = await server.job_done(), await server.job_done()
    await server.tell("refund", job=refunded, reason="it was `blurred` @everyone")
    await (await server.stage.order("faceswap-v5")).says("Queued")
    words = await server.ask(server.member, "credits history")
    assert [line.rpartition(" · ")[0] for line in words.splitlines()[1:]] == [
        "Face swap v5 · **\N{MINUS SIGN}5**, reserved",
        f"Face swap v5, refunded by <@{server.admin.id}>: `it was 'blurred' @everyone` · nothing charged",
        "Face swap v5 · **\N{MINUS SIGN}5**",
        "Welcome credits · **+100**",
    ]
    assert all(line.endswith(":R>") for line in words.splitlines()[1:])
    assert done not in words
    assert refunded not in words


@pytest.mark.stage(credits={"daily": 50, "start": 0})
async def test_a_job_without_a_result_is_a_line_without_a_charge(server: Server) -> None:
    server.stage.segmind.faults.next("submit", "failed=no face")
    reply = await server.stage.order("faceswap-v5")
    await server.stage.finish(reply, "Failed")
    words = await server.ask(server.member, "credits history")
    assert [line.rpartition(" · ")[0] for line in words.splitlines()[1:]] == [
        "Face swap v5 · nothing charged",
        "Allowance refilled · **+50**",
    ]


@pytest.mark.stage(credits={"prices": {"faceswap-v5": 0}})
async def test_a_free_job_is_no_line_of_zero(server: Server) -> None:
    await server.job_done()
    words = await server.ask(server.member, "credits history")
    assert "Face swap v5 · nothing charged · <t:" in words


async def test_a_history_of_a_thousand_entries_is_read_page_by_page(server: Server) -> None:
    store = server.stage.app.store
    longest = AuditEntry(str(2**63 - 1), "grant")
    await asyncio.gather(
        *(store.grant(server.account, 1, f"{number} {'x' * 300}", longest) for number in range(1, 1000))
    )
    result = await server.member.slash(server.channel, "credits history")
    assert numbers(result) == list(range(999, 989, -1))
    assert labels(result) == ["Older"]
    for page in range(1, 3):
        result = await press(server, result, "Older")
        assert numbers(result) == list(range(999 - 10 * page, 989 - 10 * page, -1))
        assert labels(result) == ["Newer", "Older"]
    assert numbers(await press(server, result, "Newer")) == list(range(989, 979, -1))


async def test_the_oldest_page_links_back_and_the_newest_only_onwards(server: Server) -> None:
    store = server.stage.app.store
    for number in range(1, 12):
        await store.grant(server.account, 1, f"{number} ", AuditEntry("7", "grant"))
    result = await server.member.slash(server.channel, "credits history")
    result = await press(server, result, "Older")
    assert labels(result) == ["Newer"]
    await store.grant(server.account, 1, "12 ", AuditEntry("7", "grant"))
    result = await press(server, result, "Newer")
    assert numbers(result) == list(range(11, 1, -1))
    result = await press(server, result, "Newer")
    assert numbers(result) == list(range(12, 2, -1))
    assert labels(result) == ["Older"]


async def test_an_empty_history_says_so(stage: Stage) -> None:
    user = stage.env.create_user("dora")
    assert wording("pages.empty") in said(await user.slash("credits history"))


async def test_prices_are_shown_for_the_models_that_the_server_offers(server: Server) -> None:
    await server.tell("models", model="faceswap-comic", on=False)
    words = await server.ask(server.member, "credits prices")
    lines = {slug: next((line for line in words.splitlines() if f"`/{slug}`" in line), "") for slug in MODELS}
    assert lines.pop("faceswap-comic") == ""
    assert "**11 credits per 10 s (rounded up)** · usually 29 s" in lines.pop("ai-face-swap")
    assert all(f"**{PRICES[slug]} credit" in line for slug, line in lines.items())
    assert "8 with `hardware: cost`, 19 with `model_type: quality`" in words


@pytest.mark.stage(credits={"prices": {"faceswap-v5": 1}})
async def test_the_operators_own_price_is_shown_everywhere(server: Server) -> None:
    assert "`/faceswap-v5` · **1 credit** ·" in await server.ask(server.member, "credits prices")
    commands = await server.stage.app.client.tree.fetch_commands()
    described = {command.name: command.description for command in commands}
    assert described["faceswap-v5"].endswith(" · 1 credit")
    assert described["ai-face-swap"].endswith(" · 11 credits per 10 s (rounded up)")
    reply = await server.stage.order("faceswap-v5")
    await reply.says("Queued", "1 credit · you only pay")


async def test_without_models_there_are_no_prices(server: Server) -> None:
    for slug in MODELS:
        await server.tell("models", model=slug, on=False)
    assert wording("prices.none") in await server.ask(server.member, "credits prices")


async def test_each_server_has_its_own_history(server: Server) -> None:
    other = elsewhere(server.stage)
    await server.stage.app.store.grant(other.account, 3, "theirs", AuditEntry("7", "grant"))
    again = server.guild.add_member(other.member.user)
    assert "theirs" in await other.ask(other.member, "credits history")
    assert "theirs" not in await server.ask(again, "credits history")


def numbers(result: Any) -> list[int]:
    """Return the numbers with which the tests' reasons begin."""
    assert result.response is not None
    lines = "\n".join(texts(result.response.components)).splitlines()[1:]
    assert len("\n".join(lines)) < 4000
    return [int(line.split("`")[1].split()[0]) for line in lines]


def labels(result: Any) -> list[str]:
    (box,) = result.response.components
    rows = [each for each in box["components"] if each["type"] == 1]
    return [button["label"] for row in rows for button in row["components"]]


async def press(server: Server, result: Any, label: str) -> Any:
    await server.member.click(result.response, label=label)
    return result
