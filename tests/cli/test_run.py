"""`doppel run` as a process that is killed and started again, on a small Discord."""

import asyncio
import json
import sqlite3
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any

from bot.jobs.job import State
from tests.clocks import HeldClock
from tests.discord.entities import Guild, Member
from tests.discord.environment import KEY, SECONDS, SLUG, START, Environment
from tests.discord.faults import Broken, Dropped, ErrorReply, Limited
from tests.discord.program import program
from tests.discord.proxy import BlockingProxy
from tests.discord.server import SmallDiscord
from tests.discord.user import Reply, eventually
from tests.harness import MODELS, local_segmind
from tests.media.bombs import webm_with_tags
from tests.media.files import picture
from tests.segmind_docs import PRICES


def shown(reply: Reply) -> list[str]:
    """The first word of each state that the reply has shown; the bar of one may have moved meanwhile."""
    words = ("Waiting", "Queued", "Processing", "Completed", "Checking", "Trying again", "Failed", "Lost")
    states = (next(word for word in words if word in text) for text in reply.texts)
    return [state for state, _ in groupby(states)]


async def test_an_order_is_followed_to_its_picture_and_sigterm_ends_the_bot(town: Environment) -> None:
    # As at an operator's first start, with the defaults for pictures.
    town.launch = program
    town.database.unlink()
    defaults = {"DOPPEL_SAFETY__EXPLICIT": "", "DOPPEL_MARKS__WATERMARK": "", "DOPPEL_MARKS__LABEL": ""}
    async with town.bot(**defaults) as bot:
        await town.discord.online()
        assert set(town.discord.commands) > set(MODELS)
        reply = await town.order()
        await town.finish(reply)
        assert shown(reply) == ["Queued", "Processing", "Completed"]
        (attachment,) = reply.attachments
        assert "AI-generated" in (attachment.description or "")
        assert attachment.content.startswith(b"\x89PNG")
        assert await bot.terminate(patience=10) == 0
        assert "Traceback" not in bot.output
    assert await town.balance() == (START - PRICES[SLUG], 0)


async def test_a_job_that_segmind_has_is_finished_after_a_kill_on_the_same_message(town: Environment) -> None:
    async with town.bot() as bot:
        await town.discord.online()
        reply = await town.order()
        await reply.wait_for("Queued")
        await bot.kill()
    async with town.bot() as bot:
        await town.discord.online()
        await town.finish(reply)
        assert await bot.terminate() == 0
    # The second start knew that Discord has the commands already.
    (told,) = town.discord.calls("register")
    assert {command["name"] for command in told.body} > set(MODELS)
    assert {edit.route for edit in reply.edits} == {"token"}
    assert len(reply.attachments) == 1
    assert len(town.segmind.submissions) == len(town.segmind.billed) == 1
    assert await town.balance() == (START - PRICES[SLUG], 0)


async def test_a_token_that_discord_refuses_is_reported_in_one_sentence(town: Environment) -> None:
    async with town.bot(DISCORD_TOKEN="another.token.than-the-right-one") as bot:
        assert await bot.end() == 1
    (told,) = [line for line in bot.output.splitlines() if line.startswith("doppel: ")]
    assert "does not accept the token" in told
    assert "Traceback" not in bot.output


async def test_sigterm_stops_the_bot_while_discord_is_unreachable(town: Environment) -> None:
    town.discord.faults.next("me", *[Broken(502)] * 5)
    async with town.bot() as bot:
        await eventually(lambda: town.discord.calls("me"), lambda: "the bot tries to log in")
        assert await bot.terminate(patience=10) == 0
    assert "Traceback" not in bot.output


async def test_an_order_that_the_bot_was_still_looking_at_is_answered_when_it_stops(
    town: Environment,
) -> None:
    async with town.bot() as bot:
        await town.discord.online()
        town.discord.files_available.clear()
        reply = await town.order()
        assert await bot.terminate(patience=10) == 0
    await reply.refused("restarting")
    assert await town.balance() == (START, 0)


async def test_an_order_whose_files_are_on_their_way_to_segmind_is_answered_when_the_bot_stops(
    town: Environment,
) -> None:
    async with BlockingProxy(town.segmind.port) as wire:
        wire.block()
        async with town.bot(SEGMIND_BASE_URL=wire.url, DOPPEL_SEGMIND__INPUTS="upload") as bot:
            await town.discord.online()
            reply = await town.order()
            await eventually(lambda: town.segmind.calls["upload"], lambda: "an upload on its way")
            assert await bot.terminate(patience=10) == 0
    await reply.refused("restarting")
    assert town.segmind.calls["submit"] == 0
    assert await town.balance() == (START, 0)


async def test_a_hostile_file_holds_up_neither_another_member_nor_the_end(town: Environment) -> None:
    options: dict[str, Any] = {
        "target": ("clip.webm", webm_with_tags()),
        "source_image": ("a.png", picture("PNG")),
    }
    async with town.bot() as bot:
        await town.discord.online()
        hostile = await town.discord.slash("ai-face-swap", **options)
        await town.finish(await town.order(member=Member("bob")))
        await town.discord.slash("ai-face-swap", **options)
        assert await bot.terminate(patience=10) == 0
    await hostile.wait_for("didn't start")
    assert "Traceback" not in bot.output
    assert await town.balance() == (START, 0)


async def test_a_second_process_on_the_same_file_is_refused(town: Environment) -> None:
    async with town.bot() as first:
        await town.discord.online()
        async with town.bot() as second:
            assert await second.end() == 1
        assert second.output == f"doppel: another process has {town.database} open.\n"
        await town.finish(await town.order())
        assert await first.terminate() == 0


async def test_an_order_whose_answer_was_cut_off_by_a_kill_is_found_and_never_sent_twice(
    town: Environment,
) -> None:
    async with BlockingProxy(town.segmind.port) as wire:
        wire.block()
        async with town.bot(SEGMIND_BASE_URL=wire.url) as bot:
            await town.discord.online()
            reply = await town.order()
            await eventually(lambda: town.segmind.submissions, lambda: "Segmind takes the order")
            await bot.kill()
        assert town.row(reply)[1] is State.SUBMITTING
        wire.unblock()
        async with town.bot(SEGMIND_BASE_URL=wire.url) as bot:
            await town.discord.online()
            await town.finish(reply)
            assert await bot.terminate() == 0
    assert shown(reply)[-3:] == ["Queued", "Processing", "Completed"]
    assert town.segmind.calls["submit"] == len(town.segmind.billed) == 1
    assert await town.balance() == (START - PRICES[SLUG], 0)


async def test_a_submission_on_its_way_is_written_down_before_the_bot_stops(town: Environment) -> None:
    async with BlockingProxy(town.segmind.port) as wire:
        wire.block()
        async with town.bot(SEGMIND_BASE_URL=wire.url) as bot:
            await town.discord.online()
            reply = await town.order()
            await eventually(lambda: town.segmind.submissions, lambda: "Segmind takes the order")
            stopping = asyncio.create_task(bot.terminate(patience=10))
            await bot.wait_for_output("stop requested")
            wire.unblock()
            assert await stopping == 0
        assert town.row(reply)[1] is State.SUBMITTED
        async with town.bot(SEGMIND_BASE_URL=wire.url) as bot:
            await town.discord.online()
            await town.finish(reply)
            assert await bot.terminate() == 0
    assert town.segmind.calls["history"] == 0
    assert town.segmind.calls["submit"] == len(town.segmind.billed) == 1


async def test_an_order_that_never_arrived_is_released_after_a_kill(town: Environment) -> None:
    town.segmind.faults.next("submit", "latency=5", "drop-before")
    async with town.bot() as bot:
        await town.discord.online()
        reply = await town.order()
        await eventually(lambda: town.segmind.calls["submit"], lambda: "a submission on its way")
        await bot.kill()
    async with town.bot(DOPPEL_SEGMIND__UNKNOWN_WINDOW="0", DOPPEL_SEGMIND__UNKNOWN_EVERY="0.1") as bot:
        await town.discord.online()
        # Only a history that shows another order proves that this one is missing.
        await town.finish(await town.order())
        await reply.wait_for("Lost on the way", "Nothing was charged")
        assert await bot.terminate() == 0
    assert town.segmind.calls["submit"] == 2
    assert town.segmind.calls["history"] > 0
    assert await town.balance() == (START - PRICES[SLUG], 0)


async def test_queued_jobs_keep_their_order_after_a_kill(town: Environment) -> None:
    limits = {"DOPPEL_JOBS__PER_MEMBER": "1"}
    async with town.bot(**limits) as bot:
        await town.discord.online()
        replies: list[Reply] = []
        for word in ("Queued", "number 1", "number 2"):
            replies.append(await town.order())
            await replies[-1].wait_for(word)
        await bot.kill()
    async with town.bot(**limits) as bot:
        await town.discord.online()
        for done, reply in enumerate(replies, 1):
            await reply.wait_for("Queued")
            assert len(town.segmind.submissions) == done
            await town.finish(reply)
        assert await bot.terminate() == 0
    for reply, sent in zip(replies, town.segmind.submissions, strict=True):
        assert town.nonce(reply) in sent.body["source_image"]
    assert await town.balance() == (START - 3 * PRICES[SLUG], 0)


async def test_jobs_in_flight_keep_their_capacity_after_a_kill(town: Environment) -> None:
    """Bob's job is there already, so the older one that still waits finds no place after the kill either."""
    limits = {"DOPPEL_JOBS__IN_ALL": "2"}
    alice, bob = town.discord.member, Member("bob")
    async with town.bot(**limits) as bot:
        await town.discord.online()
        replies: list[Reply] = []
        for member, word in (
            (alice, "Queued"),
            (alice, "Queued"),
            *[(alice, "Waiting")] * 2,
            (bob, "Waiting"),
        ):
            replies.append(await town.order(member=member))
            await replies[-1].wait_for(word)
        await town.finish(*replies[:2])
        first, waiting, bobs = replies[2:]
        await first.wait_for("Queued")
        await bobs.wait_for("Queued")
        await waiting.wait_for("number 1")
        await bot.kill()
    async with town.bot(**limits) as bot:
        await town.discord.online()
        town.clock.move(SECONDS * 0.5)
        await first.wait_for("Processing")
        await bobs.wait_for("Processing")
        assert "number 1" in waiting.text
        assert len(town.segmind.submissions) == 4
        assert await bot.terminate() == 0


async def test_a_message_is_edited_through_its_channel_once_its_token_is_void(town: Environment) -> None:
    async with town.bot() as bot:
        await town.discord.online()
        reply = await town.order()
        await reply.wait_for("Queued")
        reply.expire_token()
        await town.finish(reply)
        assert await bot.terminate() == 0
    # The bar of a state adds edits of its own.
    first, *later = [edit.route for edit in reply.edits]
    assert (first, set(later)) == ("token", {"channel"})
    assert len(reply.attachments) == 1


async def test_a_result_that_its_message_cannot_show_any_more_is_sent_to_the_member_once(
    town: Environment,
) -> None:
    async with town.bot() as bot:
        await town.discord.online()
        reply = await town.order()
        await reply.wait_for("Queued")
        reply.expire_token()
        town.discord.guild.channel.open = False
        # The answer to the first try is lost, so that it is tried again.
        town.discord.faults.next("send", Dropped(after=True))
        town.clock.move(2 * SECONDS)
        await bot.wait_for_output("result not shown in the message", "direct")
        assert await bot.terminate() == 0
    (told,) = town.discord.messages.unprompted
    assert "Completed" in told.edits[-1].text
    assert len(told.attachments) == 1
    assert [call.body["nonce"] for call in town.discord.calls("send")] == [town.row(reply)[0]] * 2
    assert town.row(reply)[1] is State.DONE
    assert await town.balance() == (START - PRICES[SLUG], 0)


async def test_a_bot_that_was_removed_from_the_server_posts_nowhere_else(town: Environment) -> None:
    async with town.bot() as bot:
        await town.discord.online()
        reply = await town.order()
        await reply.wait_for("Queued")
        reply.expire_token()
        town.discord.guild.joined = False
        town.clock.move(2 * SECONDS)
        await bot.wait_for_output("result not shown in the message", "gone")
        assert await bot.terminate() == 0
    assert town.discord.messages.unprompted == []
    assert town.row(reply)[1] is State.DONE


async def test_nothing_is_lost_that_discord_limits_breaks_or_cuts_off(town: Environment) -> None:
    async with town.bot(DOPPEL_JOBS__PER_MEMBER="3") as bot:
        await town.discord.online()
        # Discord has the first deferral, but the bot does not hear so.
        town.discord.faults.next("answer", Dropped(after=True))
        replies = [await town.order() for _ in range(3)]
        for reply, fault in zip(replies, (Limited(0.1), Broken(502), Dropped()), strict=True):
            town.discord.faults.next("edit", fault, about=[reply.token, "Completed"])
        await town.finish(*replies)
        for reply in replies:
            assert len(town.result_edits(reply)) == 2
            assert len(reply.attachments) == 1
        # An error message is sent again as well.
        town.discord.faults.next("edit", Dropped())
        town.discord.faults.next("follow-up", Dropped())
        await (await town.order(source_image=("a.png", b"words"))).refused("isn't a picture")
        assert await bot.terminate() == 0
    assert await town.balance() == (START - 3 * PRICES[SLUG], 0)


async def test_a_bot_whose_requests_discord_rejects_edits_less_often(town: Environment) -> None:
    """Of four refusals that this Discord bears, the first two make it sparing: Processing is left out."""
    town.discord.faults.next("edit", *[ErrorReply(403, 50013)] * 2)
    async with town.bot(DOPPEL_DISCORD__REFUSALS="4", DOPPEL_JOBS__PER_MEMBER="3") as bot:
        await town.discord.online()
        for _ in range(2):
            await town.order()
        await bot.wait_for_output("Discord rejects requests", "most stages")
        reply = await town.order()
        await reply.wait_for("Queued")
        town.clock.move(60)
        await reply.wait_for("Completed")
        assert await bot.terminate() == 0
    assert shown(reply) == ["Queued", "Completed"]


async def test_a_broken_gateway_is_resumed_with_the_missed_events(town: Environment) -> None:
    async with town.bot() as bot:
        await town.discord.online()
        first = await town.order()
        await first.wait_for("Queued")
        town.discord.gateway.cut()
        missed = await town.order()
        await missed.wait_for("Queued")
        assert (town.discord.gateway.identified, town.discord.gateway.resumed) == (1, 1)
        await town.discord.gateway.ask_to_reconnect()
        await town.finish(first, missed)
        assert await bot.terminate() == 0


async def test_the_bot_waits_for_a_gateway_that_is_unreachable_at_first(town: Environment) -> None:
    town.discord.gateway.open = False
    async with town.bot() as bot:
        await eventually(lambda: town.discord.gateway.rejected, lambda: "the bot knocks")
        await bot.wait_for_output("Attempting a reconnect")
        town.discord.gateway.open = True
        await eventually(lambda: town.discord.gateway.online or not bot.running, lambda: "it is let in")
        assert bot.running
        await town.finish(await town.order())
        assert await bot.terminate() == 0


async def test_no_output_contains_a_secret(town: Environment) -> None:
    async with town.bot(DOPPEL_OPS__LOG_LEVEL="debug") as bot:
        await town.discord.online()
        town.discord.faults.next("edit", Limited(0.01), ErrorReply(403, 50013), Broken(500))
        town.segmind.faults.next("submit", "error-before=500")
        lost = await town.order()
        await bot.wait_for_output("submission outcome unknown", "stage not shown")
        reply = await town.order()
        await town.finish(reply)
        town.discord.gateway.cut()
        assert await bot.terminate() == 0
    for secret in (town.discord.token, KEY, lost.token, reply.token):
        assert secret not in bot.output
    assert "[redacted]" in bot.output


async def test_check_finds_everything_in_order(town: Environment) -> None:
    async with town.bot("check") as check:
        assert await check.end() == 0
    assert "NO " not in check.output
    assert "belongs to Doppel" in check.output
    assert "$10.00 left" in check.output
    for slug in MODELS:
        assert f"ok  {slug}" in check.output


async def test_check_reports_every_problem_and_shows_no_secret(town: Environment) -> None:
    wrong = {
        "DISCORD_TOKEN": "another.token.than-the-right-one",
        "SEGMIND_API_KEY": "another-key-than-the-right-one",
        "DATABASE_URL": "postgresql://doppel:a-password@127.0.0.1:9/doppel",
    }
    async with town.bot("check", **wrong) as check:
        assert await check.end() == 1
    bad = [line for line in check.output.splitlines() if line.startswith("NO ")]
    assert [line[3:].split("  ")[0].strip() for line in bad] == [
        "Discord's token",
        "database",
        "Segmind's key",
    ]
    assert "Traceback" not in check.output
    for secret in (wrong["DISCORD_TOKEN"], wrong["SEGMIND_API_KEY"], "a-password"):
        assert secret not in check.output


async def test_a_server_that_is_not_allowed_is_left_after_one_sentence(tmp_path: Path) -> None:
    clock, home, strangers, later = HeldClock(), Guild("Home"), Guild("Strangers"), Guild("Later")
    guilds = [home, strangers]
    async with local_segmind(clock, key=KEY) as segmind, SmallDiscord(guilds) as discord:
        town = Environment(discord, segmind, clock, tmp_path)
        async with town.bot(DOPPEL_DISCORD__SERVERS=str(home.id)) as bot:
            await eventually(lambda: not strangers.joined, lambda: bot.output)
            guilds.append(later)
            # Discord says whether a server is available for those that the bot was in before, only.
            joined = {name: each for name, each in later.payload.items() if name != "unavailable"}
            await discord.gateway.emit("GUILD_CREATE", joined)
            await eventually(lambda: not later.joined, lambda: bot.output)
            said = discord.calls("send")
            assert [call.number("channel_id") for call in said] == [strangers.channel.id, later.channel.id]
            assert all("only serves servers chosen by its operator" in call.text for call in said)
            assert home.joined
            await (await town.order()).wait_for("Queued")
            assert await bot.terminate() == 0
        assert discord.violations == []


async def test_the_bot_knows_when_a_server_removed_it_and_when_it_came_back(town: Environment) -> None:
    guild, rules = town.discord.guild, json.dumps({"log_channel": 5})

    def left_at() -> float | None:
        with closing(sqlite3.connect(town.database)) as database:
            ((found,),) = database.execute("SELECT left_at FROM servers")
        return found

    async with town.bot() as bot:
        await town.discord.online()
        with closing(sqlite3.connect(town.database)) as database, database:
            database.execute("INSERT INTO servers (id, rules) VALUES (?, ?)", [guild.id, rules])
        # Discord says so of a server that it cannot reach, too, and that one was not left.
        await town.discord.gateway.emit("GUILD_DELETE", {"id": str(guild.id), "unavailable": True})
        await town.discord.gateway.emit("GUILD_CREATE", guild.payload)
        await town.discord.gateway.emit("GUILD_DELETE", {"id": str(guild.id)})
        await eventually(left_at, lambda: bot.output)
        assert await bot.terminate() == 0
    async with town.bot() as bot:
        await eventually(lambda: left_at() is None, lambda: bot.output)
        assert await bot.terminate() == 0
