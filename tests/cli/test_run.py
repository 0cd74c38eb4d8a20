"""`doppel run` as a process that is killed and started again, on a small Discord."""

import asyncio
import json
import re
import sqlite3
import sys
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any

from bot.jobs.job import State
from tests.clocks import HeldClock
from tests.discord.entities import Guild, Member
from tests.discord.environment import KEY, SECONDS, SLUG, START, Environment
from tests.discord.faults import Broken, Dropped, ErrorReply, Late, Limited
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


async def test_an_order_is_followed_to_its_picture_and_sigterm_ends_the_bot(environment: Environment) -> None:
    # As at an operator's first start, with the defaults for pictures.
    environment.launch = program
    environment.database.unlink()
    defaults = {"DOPPEL_SAFETY__EXPLICIT": "", "DOPPEL_MARKS__WATERMARK": "", "DOPPEL_MARKS__LABEL": ""}
    async with environment.bot(**defaults) as bot:
        await environment.discord.online()
        assert set(environment.discord.commands) > set(MODELS)
        reply = await environment.order()
        await environment.finish(reply)
        assert shown(reply) == ["Queued", "Processing", "Completed"]
        (attachment,) = reply.attachments
        assert "AI-generated" in (attachment.description or "")
        assert attachment.content.startswith(b"\x89PNG")
        # Only the media workers load decoders.
        if sys.platform == "linux":
            loaded = re.findall(r"/(PIL|av|c2pa|cv2|numpy|pydantic_core)/", bot.loaded_libraries())
            assert set(loaded) == {"pydantic_core"}
        assert await bot.terminate(patience=10) == 0
        assert "Traceback" not in bot.output
    assert await environment.balance() == (START - PRICES[SLUG], 0)


async def test_a_job_that_segmind_has_is_finished_after_a_kill_on_the_same_message(
    environment: Environment,
) -> None:
    async with environment.bot() as bot:
        await environment.discord.online()
        reply = await environment.order()
        await reply.wait_for("Queued")
        await bot.kill()
    async with environment.bot() as bot:
        await environment.discord.online()
        await environment.finish(reply)
        assert await bot.terminate() == 0
    # The second start knew that Discord has the commands already.
    (told,) = environment.discord.calls("register")
    assert {command["name"] for command in told.body} > set(MODELS)
    assert {edit.route for edit in reply.edits} == {"token"}
    assert len(reply.attachments) == 1
    assert len(environment.segmind.submissions) == len(environment.segmind.billed) == 1
    assert await environment.balance() == (START - PRICES[SLUG], 0)


async def test_a_token_that_discord_refuses_is_reported_in_one_sentence(environment: Environment) -> None:
    async with environment.bot(DISCORD_TOKEN="another.token.than-the-right-one") as bot:
        assert await bot.end() == 1
    (told,) = [line for line in bot.output.splitlines() if line.startswith("doppel: ")]
    assert "does not accept the token" in told
    assert "Traceback" not in bot.output


async def test_sigterm_stops_the_bot_while_discord_is_unreachable(environment: Environment) -> None:
    environment.discord.faults.next("me", *[Broken(502)] * 5)
    async with environment.bot() as bot:
        await eventually(lambda: environment.discord.calls("me"), lambda: "the bot tries to log in")
        assert await bot.terminate(patience=10) == 0
    assert "Traceback" not in bot.output


async def test_an_order_that_the_bot_was_still_looking_at_is_answered_when_it_stops(
    environment: Environment,
) -> None:
    async with environment.bot() as bot:
        await environment.discord.online()
        environment.discord.files_available.clear()
        reply = await environment.order()
        assert await bot.terminate(patience=10) == 0
    await reply.refused("restarting")
    assert await environment.balance() == (START, 0)


async def test_an_order_that_the_bot_has_only_deferred_is_answered_when_it_stops(
    environment: Environment,
) -> None:
    async with environment.bot() as bot:
        await environment.discord.online()
        environment.discord.files_available.clear()
        environment.discord.faults.next("answer", Late(1, after=True))
        reply = await environment.order()
        assert await bot.terminate(patience=10) == 0
    await reply.refused("restarting")
    assert await environment.balance() == (START, 0)


async def test_an_order_whose_files_are_on_their_way_to_segmind_is_answered_when_the_bot_stops(
    environment: Environment,
) -> None:
    async with BlockingProxy(environment.segmind.port) as wire:
        wire.block()
        async with environment.bot(SEGMIND_BASE_URL=wire.url, DOPPEL_SEGMIND__INPUTS="upload") as bot:
            await environment.discord.online()
            reply = await environment.order()
            await eventually(lambda: environment.segmind.calls["upload"], lambda: "an upload on its way")
            assert await bot.terminate(patience=10) == 0
    await reply.refused("restarting")
    assert environment.segmind.calls["submit"] == 0
    assert await environment.balance() == (START, 0)


async def test_a_hostile_file_holds_up_neither_another_member_nor_the_end(environment: Environment) -> None:
    options: dict[str, Any] = {
        "target": ("clip.webm", webm_with_tags()),
        "source_image": ("a.png", picture("PNG")),
    }
    async with environment.bot() as bot:
        await environment.discord.online()
        hostile = await environment.discord.slash("ai-face-swap", **options)
        await environment.finish(await environment.order(member=Member("bob")))
        await environment.discord.slash("ai-face-swap", **options)
        assert await bot.terminate(patience=10) == 0
    await hostile.wait_for("didn't start")
    assert "Traceback" not in bot.output
    assert await environment.balance() == (START, 0)


async def test_a_second_process_on_the_same_file_is_refused(environment: Environment) -> None:
    async with environment.bot() as first:
        await environment.discord.online()
        async with environment.bot() as second:
            assert await second.end() == 1
        assert second.output == f"doppel: another process has {environment.database} open.\n"
        await environment.finish(await environment.order())
        assert await first.terminate() == 0


async def test_an_order_whose_answer_was_cut_off_by_a_kill_is_found_and_never_sent_twice(
    environment: Environment,
) -> None:
    async with BlockingProxy(environment.segmind.port) as wire:
        wire.block()
        async with environment.bot(SEGMIND_BASE_URL=wire.url) as bot:
            await environment.discord.online()
            reply = await environment.order()
            await eventually(lambda: environment.segmind.submissions, lambda: "Segmind takes the order")
            await bot.kill()
        assert environment.row(reply)[1] is State.SUBMITTING
        wire.unblock()
        async with environment.bot(SEGMIND_BASE_URL=wire.url) as bot:
            await environment.discord.online()
            await environment.finish(reply)
            assert await bot.terminate() == 0
    assert shown(reply)[-3:] == ["Queued", "Processing", "Completed"]
    assert environment.segmind.calls["submit"] == len(environment.segmind.billed) == 1
    assert await environment.balance() == (START - PRICES[SLUG], 0)


async def test_a_submission_on_its_way_is_written_down_before_the_bot_stops(environment: Environment) -> None:
    async with BlockingProxy(environment.segmind.port) as wire:
        wire.block()
        async with environment.bot(SEGMIND_BASE_URL=wire.url) as bot:
            await environment.discord.online()
            reply = await environment.order()
            await eventually(lambda: environment.segmind.submissions, lambda: "Segmind takes the order")
            stopping = asyncio.create_task(bot.terminate(patience=10))
            await bot.wait_for_output("stop requested")
            wire.unblock()
            assert await stopping == 0
        assert environment.row(reply)[1] is State.SUBMITTED
        async with environment.bot(SEGMIND_BASE_URL=wire.url) as bot:
            await environment.discord.online()
            await environment.finish(reply)
            assert await bot.terminate() == 0
    assert environment.segmind.calls["history"] == 0
    assert environment.segmind.calls["submit"] == len(environment.segmind.billed) == 1


async def test_an_order_that_never_arrived_is_released_after_a_kill(environment: Environment) -> None:
    environment.segmind.faults.next("submit", "latency=5", "drop-before")
    async with environment.bot() as bot:
        await environment.discord.online()
        reply = await environment.order()
        await eventually(lambda: environment.segmind.calls["submit"], lambda: "a submission on its way")
        await bot.kill()
    async with environment.bot(
        DOPPEL_SEGMIND__UNKNOWN_WINDOW="0", DOPPEL_SEGMIND__UNKNOWN_EVERY="0.1"
    ) as bot:
        await environment.discord.online()
        # Only a history that shows another order proves that this one is missing.
        await environment.finish(await environment.order())
        await reply.wait_for("Lost on the way", "Nothing was charged")
        assert await bot.terminate() == 0
    assert environment.segmind.calls["submit"] == 2
    assert environment.segmind.calls["history"] > 0
    assert await environment.balance() == (START - PRICES[SLUG], 0)


async def test_queued_jobs_keep_their_order_after_a_kill(environment: Environment) -> None:
    limits = {"DOPPEL_JOBS__PER_MEMBER": "1"}
    async with environment.bot(**limits) as bot:
        await environment.discord.online()
        replies: list[Reply] = []
        for word in ("Queued", "number 1", "number 2"):
            replies.append(await environment.order())
            await replies[-1].wait_for(word)
        await bot.kill()
    async with environment.bot(**limits) as bot:
        await environment.discord.online()
        for done, reply in enumerate(replies, 1):
            await reply.wait_for("Queued")
            assert len(environment.segmind.submissions) == done
            await environment.finish(reply)
        assert await bot.terminate() == 0
    for reply, sent in zip(replies, environment.segmind.submissions, strict=True):
        assert environment.nonce(reply) in sent.body["source_image"]
    assert await environment.balance() == (START - 3 * PRICES[SLUG], 0)


async def test_jobs_in_flight_keep_their_capacity_after_a_kill(environment: Environment) -> None:
    """Bob's job is there already, so the older one that still waits finds no place after the kill either."""
    limits = {"DOPPEL_JOBS__IN_ALL": "2"}
    alice, bob = environment.discord.member, Member("bob")
    async with environment.bot(**limits) as bot:
        await environment.discord.online()
        replies: list[Reply] = []
        for member, word in (
            (alice, "Queued"),
            (alice, "Queued"),
            *[(alice, "Waiting")] * 2,
            (bob, "Waiting"),
        ):
            replies.append(await environment.order(member=member))
            await replies[-1].wait_for(word)
        await environment.finish(*replies[:2])
        first, waiting, bobs = replies[2:]
        await first.wait_for("Queued")
        await bobs.wait_for("Queued")
        await waiting.wait_for("number 1")
        await bot.kill()
    async with environment.bot(**limits) as bot:
        await environment.discord.online()
        environment.clock.move(SECONDS * 0.5)
        await first.wait_for("Processing")
        await bobs.wait_for("Processing")
        assert "number 1" in waiting.text
        assert len(environment.segmind.submissions) == 4
        assert await bot.terminate() == 0


async def test_a_message_is_edited_through_its_channel_once_its_token_is_void(
    environment: Environment,
) -> None:
    async with environment.bot() as bot:
        await environment.discord.online()
        reply = await environment.order()
        await reply.wait_for("Queued")
        reply.expire_token()
        await environment.finish(reply)
        assert await bot.terminate() == 0
    # The bar of a state adds edits of its own.
    first, *later = [edit.route for edit in reply.edits]
    assert (first, set(later)) == ("token", {"channel"})
    assert len(reply.attachments) == 1


async def test_a_result_that_its_message_cannot_show_any_more_is_sent_to_the_member_once(
    environment: Environment,
) -> None:
    async with environment.bot() as bot:
        await environment.discord.online()
        reply = await environment.order()
        await reply.wait_for("Queued")
        reply.expire_token()
        environment.discord.guild.channel.open = False
        # The answer to the first try is lost, so that it is tried again.
        environment.discord.faults.next("send", Dropped(after=True))
        environment.clock.move(2 * SECONDS)
        await bot.wait_for_output("result not shown in the message", "direct")
        assert await bot.terminate() == 0
    (told,) = environment.discord.messages.unprompted
    assert "Completed" in told.edits[-1].text
    assert len(told.attachments) == 1
    assert [call.body["nonce"] for call in environment.discord.calls("send")] == [
        environment.row(reply)[0]
    ] * 2
    assert environment.row(reply)[1] is State.DONE
    assert await environment.balance() == (START - PRICES[SLUG], 0)


async def test_a_bot_that_was_removed_from_the_server_posts_nowhere_else(environment: Environment) -> None:
    async with environment.bot() as bot:
        await environment.discord.online()
        reply = await environment.order()
        await reply.wait_for("Queued")
        reply.expire_token()
        environment.discord.guild.joined = False
        environment.clock.move(2 * SECONDS)
        await bot.wait_for_output("result not shown in the message", "gone")
        assert await bot.terminate() == 0
    assert environment.discord.messages.unprompted == []
    assert environment.row(reply)[1] is State.DONE


async def test_nothing_is_lost_that_discord_limits_breaks_or_cuts_off(environment: Environment) -> None:
    async with environment.bot(DOPPEL_JOBS__PER_MEMBER="3") as bot:
        await environment.discord.online()
        # Discord has the first deferral, but the bot does not hear so.
        environment.discord.faults.next("answer", Dropped(after=True))
        replies = [await environment.order() for _ in range(3)]
        for reply, fault in zip(replies, (Limited(0.1), Broken(502), Dropped()), strict=True):
            environment.discord.faults.next("edit", fault, about=[reply.token, "Completed"])
        await environment.finish(*replies)
        for reply in replies:
            assert len(environment.result_edits(reply)) == 2
            assert len(reply.attachments) == 1
        # An error message is sent again as well.
        environment.discord.faults.next("edit", Dropped())
        environment.discord.faults.next("follow-up", Dropped())
        await (await environment.order(source_image=("a.png", b"words"))).refused("isn't a picture")
        assert await bot.terminate() == 0
    assert await environment.balance() == (START - 3 * PRICES[SLUG], 0)


async def test_a_bot_whose_requests_discord_rejects_edits_less_often(environment: Environment) -> None:
    """Of four refusals that this Discord bears, the first two make it sparing: Processing is left out."""
    environment.discord.faults.next("edit", *[ErrorReply(403, 50013)] * 2)
    async with environment.bot(DOPPEL_DISCORD__REFUSALS="4", DOPPEL_JOBS__PER_MEMBER="3") as bot:
        await environment.discord.online()
        for _ in range(2):
            await environment.order()
        await bot.wait_for_output("Discord rejects requests", "most stages")
        reply = await environment.order()
        await reply.wait_for("Queued")
        environment.clock.move(60)
        await reply.wait_for("Completed")
        assert await bot.terminate() == 0
    assert shown(reply) == ["Queued", "Completed"]


async def test_a_broken_gateway_is_resumed_with_the_missed_events(environment: Environment) -> None:
    async with environment.bot() as bot:
        await environment.discord.online()
        first = await environment.order()
        await first.wait_for("Queued")
        environment.discord.gateway.cut()
        missed = await environment.order()
        await missed.wait_for("Queued")
        assert (environment.discord.gateway.identified, environment.discord.gateway.resumed) == (1, 1)
        await environment.discord.gateway.ask_to_reconnect()
        await environment.finish(first, missed)
        assert await bot.terminate() == 0


async def test_the_bot_waits_for_a_gateway_that_is_unreachable_at_first(environment: Environment) -> None:
    environment.discord.gateway.open = False
    async with environment.bot() as bot:
        await eventually(lambda: environment.discord.gateway.rejected, lambda: "the bot knocks")
        await bot.wait_for_output("Attempting a reconnect")
        environment.discord.gateway.open = True
        await eventually(
            lambda: environment.discord.gateway.online or not bot.running, lambda: "it is let in"
        )
        assert bot.running
        await environment.finish(await environment.order())
        assert await bot.terminate() == 0


async def test_no_output_contains_a_secret(environment: Environment) -> None:
    async with environment.bot(DOPPEL_OPS__LOG_LEVEL="debug") as bot:
        await environment.discord.online()
        environment.discord.faults.next("edit", Limited(0.01), ErrorReply(403, 50013), Broken(500))
        environment.segmind.faults.next("submit", "error-before=500")
        lost = await environment.order()
        await bot.wait_for_output("submission outcome unknown", "stage not shown")
        reply = await environment.order()
        await environment.finish(reply)
        environment.discord.gateway.cut()
        assert await bot.terminate() == 0
    for secret in (environment.discord.token, KEY, lost.token, reply.token):
        assert secret not in bot.output
    assert "[redacted]" in bot.output


async def test_check_finds_everything_in_order(environment: Environment) -> None:
    async with environment.bot("check") as check:
        assert await check.end() == 0
    assert "NO " not in check.output
    assert "belongs to Doppel" in check.output
    assert "$10.00 left" in check.output
    for slug in MODELS:
        assert f"ok  {slug}" in check.output


async def test_check_reports_every_problem_and_shows_no_secret(environment: Environment) -> None:
    wrong = {
        "DISCORD_TOKEN": "another.token.than-the-right-one",
        "SEGMIND_API_KEY": "another-key-than-the-right-one",
        "DATABASE_URL": "postgresql://doppel:a-password@127.0.0.1:9/doppel",
    }
    async with environment.bot("check", **wrong) as check:
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
        environment = Environment(discord, segmind, clock, tmp_path)
        async with environment.bot(DOPPEL_DISCORD__SERVERS=str(home.id)) as bot:
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
            await (await environment.order()).wait_for("Queued")
            assert await bot.terminate() == 0
        assert discord.violations == []


async def test_the_bot_knows_when_a_server_removed_it_and_when_it_came_back(environment: Environment) -> None:
    guild, rules = environment.discord.guild, json.dumps({"log_channel": 5})

    def left_at() -> float | None:
        with closing(sqlite3.connect(environment.database)) as database:
            ((found,),) = database.execute("SELECT left_at FROM servers")
        return found

    async with environment.bot() as bot:
        await environment.discord.online()
        with closing(sqlite3.connect(environment.database)) as database, database:
            database.execute("INSERT INTO servers (id, rules) VALUES (?, ?)", [guild.id, rules])
        # Discord says so of a server that it cannot reach, too, and that one was not left.
        await environment.discord.gateway.emit("GUILD_DELETE", {"id": str(guild.id), "unavailable": True})
        await environment.discord.gateway.emit("GUILD_CREATE", guild.payload)
        await environment.discord.gateway.emit("GUILD_DELETE", {"id": str(guild.id)})
        await eventually(left_at, lambda: bot.output)
        assert await bot.terminate() == 0
    async with environment.bot() as bot:
        await eventually(lambda: left_at() is None, lambda: bot.output)
        assert await bot.terminate() == 0
