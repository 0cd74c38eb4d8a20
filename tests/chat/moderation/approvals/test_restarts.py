"""Approvals over restarts, crashes and on Postgres."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.chat.messages import Messages
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job
from tests.chat.admin_harness import here
from tests.chat.conftest import House
from tests.chat.moderation.approvals.waiting import (
    WAITS,
    a_moderator,
    cards_in,
    until_delivered,
    waiting_result,
    with_log,
)
from tests.chat.moderation.reports import latest
from tests.clocks import HeldClock
from tests.harness import local_segmind, staged
from tests.patience import PATIENCE
from tests.wording import wording


async def test_on_postgres_a_result_waits_in_the_same_way(tmp_path: Path, postgres_url: str) -> None:
    clock = HeldClock()
    database = {"url": postgres_url}
    async with (
        local_segmind(clock) as segmind,
        staged(tmp_path / "unused.db", segmind, clock, database=database) as stage,
    ):
        server = here(stage)
        log, moderator = await with_log(server), a_moderator(server)
        for label, end in (("Approve", "Completed"), ("Reject", "credits back")):
            reply = await stage.order("faceswap-v5")
            await stage.finish(reply, WAITS)
            await moderator.click(await latest(log, wording("approval.title")), label=label)
            await reply.says(end)
        assert await server.granted() == 95
        assert await stage.app.store.discrepancies() == []


async def test_a_button_works_after_a_restart(house: House) -> None:
    server = house.server
    log, moderator = await with_log(server), a_moderator(server)
    reply, card = await waiting_result(server, log)
    await house.restart()
    await moderator.click(card, label="Approve")
    await reply.says("Completed", "5 credits")
    assert len(reply.attachments) == 1
    assert await server.stage.app.store.discrepancies() == []


@pytest.mark.parametrize("label", ["Approve", "Reject"])
async def test_a_decision_right_before_the_shutdown_is_carried_out_by_the_next_start(
    house: House, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = house.server
    log, moderator = await with_log(server), a_moderator(server)
    reply, card = await waiting_result(server, log)

    async def nothing(job: Job) -> None:
        del job

    monkeypatch.setattr(server.stage.app.engine.job_service, "redeliver", nothing)
    await moderator.click(card, label=label)
    assert WAITS in reply.text
    await house.restart()
    await reply.says("Completed" if label == "Approve" else "credits back")
    await until_delivered(server, reply)
    assert await server.granted() == (95 if label == "Approve" else 100)
    assert await server.stage.app.store.discrepancies() == []


async def test_a_crash_between_the_refund_and_its_card_neither_loses_nor_doubles_the_refund(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = house.server
    log, moderator = await with_log(server), a_moderator(server)
    reply, card = await waiting_result(server, log)
    reached = asyncio.Event()

    async def never(*_: Any, **__: Any) -> None:
        reached.set()
        await asyncio.Future[None]()

    with monkeypatch.context() as crashing:
        crashing.setattr(Messages, "try_route", never)
        await moderator.click(card, label="Reject")
        await asyncio.wait_for(reached.wait(), PATIENCE)
        assert await server.granted() == 100
        assert "credits back" not in reply.text
        await house.running.aclose()
    await house.restart()
    await reply.says(wording("end.rejected"), "credits back")
    await until_delivered(server, reply)
    assert await server.granted() == 100
    assert [what for _, what, _ in await server.audit_entries()].count("refund") == 1
    assert await server.stage.app.store.discrepancies() == []


async def test_a_shutdown_before_moderators_were_asked_loses_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = house.server
    log, moderator = await with_log(server), a_moderator(server)
    service: Any = server.stage.app.client.admin.approvals
    asked = asyncio.Event()

    async def never(*_: Any) -> bool:
        asked.set()
        return await asyncio.Future[bool]()

    monkeypatch.setattr(service._approval_requester, "_post", never)
    reply = await server.stage.order("faceswap-v5")
    await server.stage.finish(reply, WAITS)
    await asked.wait()
    assert not (await server.stage.job(reply)).told
    await house.restart()
    card = await latest(log, wording("approval.title"))
    assert (await server.stage.wait_until_told(reply)).delivery == Delivery.AWAITED
    await moderator.click(card, label="Approve")
    await reply.says("Completed")
    assert len(cards_in(log)) == 1
