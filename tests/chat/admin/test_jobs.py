"""Administrators refund jobs and see what the jobs of their server cost."""

import asyncio
from io import BytesIO

import pytest
from PIL import Image

from bot.administration.audit import Administrator, UnknownJob
from tests.chat.admin_harness import Server, elsewhere, said
from tests.store.orders import LIFE, TERMS, order, through
from tests.wording import wording


async def test_a_finished_job_is_refunded_once(server: Server) -> None:
    job = await server.job_done()
    assert await server.granted() == 95
    words = await server.tell("refund", job=f" {job} ", reason="blurred")
    assert f"<@{server.member.id}> got 5 credits back for job `{job[-8:]}`. Reason: `blurred`" in words
    assert await server.granted() == 100
    assert wording("refused.refunded") in await server.tell("refund", job=job)
    assert await server.granted() == 100
    facts = {"job": job, "member": server.member.id, "amount": 5, "reason": "blurred"}
    assert await server.audit_entries() == [(str(server.admin.id), "refund", facts)]
    assert await server.stage.app.store.discrepancies() == []


async def test_a_job_is_refunded_by_the_short_id_that_cards_show(server: Server) -> None:
    other = elsewhere(server.stage)
    job, theirs = await server.job_done(), await other.job_done()
    assert "no such job" in await server.tell("refund", job=theirs[-8:])
    assert "no such job" in await server.tell("refund", job=job[-7:])
    assert "got 5 credits back" in await server.tell("refund", job=job[-8:])
    (entry,) = await server.audit_entries()
    assert entry[2]["job"] == job


async def test_concurrent_refunds_of_a_job_refund_it_once(server: Server) -> None:
    job = await server.job_done()
    credit_admin, by = server.credit_admin
    outcomes = await asyncio.gather(*(credit_admin.refund(by, job) for _ in range(5)), return_exceptions=True)
    assert [type(each).__name__ for each in outcomes].count("AlreadyRefunded") == 4
    assert await server.granted() == 100


async def test_a_job_that_was_not_charged_is_not_refunded(server: Server) -> None:
    stage = server.stage
    reply = await stage.order("faceswap-v5")
    await reply.says("Queued")
    assert wording("refused.open_job") in await server.tell("refund", job=(await stage.job(reply)).id)
    stage.segmind.faults.next("submit", "failed=no face")
    failing = await stage.order("faceswap-v5")
    await stage.finish(failing, "Failed")
    assert wording("refused.free_job") in await server.tell("refund", job=(await stage.job(failing)).id)
    assert await server.audit_entries() == []


async def test_another_servers_job_is_as_unknown_as_one_that_never_existed(server: Server) -> None:
    other = elsewhere(server.stage)
    job = await other.job_done()
    sentence = await server.tell("refund", job="never")
    assert wording("refused.unknown_job") in sentence
    assert await server.tell("refund", job=job) == sentence
    assert await other.granted() == 95
    assert await server.audit_entries() == await other.audit_entries() == []


async def test_a_job_on_a_members_own_account_is_unknown_to_the_server(server: Server) -> None:
    store, (credit_admin, _) = server.stage.app.store, server.credit_admin
    job = order("direct:2", price=0)
    await store.open(job, TERMS)
    await through(store, job, *LIFE)
    by = Administrator(server.admin.id, job.place.guild_id or 0)
    with pytest.raises(UnknownJob):
        await credit_admin.refund(by, job.id)
    assert await credit_admin.recent_jobs(by, 10) == []


async def test_recent_jobs_of_this_server_only_are_offered_with_member_names(server: Server) -> None:
    other = elsewhere(server.stage)
    theirs, ours = await other.job_done(), await server.job_done("faceswap-comic")
    again = await server.job_done("faceswap-v5")

    async def offered(typed: str) -> list[str]:
        found = await server.admin.autocomplete(server.channel, "admin refund", "job", typed)
        return [choice["value"] for choice in found]

    assert await offered("") == [again, ours]
    assert await offered("ALICE comic") == [ours]
    assert await offered("completed") == [again, ours]
    assert await offered(again[-8:]) == [again]
    assert await offered("carol") == await offered(theirs) == []
    (choice,) = await server.admin.autocomplete(server.channel, "admin refund", "job", "comic")
    assert choice["name"] == f"Face swap comic · alice · ✅ Completed · {ours[-8:]}"


async def test_jobs_are_not_offered_to_a_member_who_sees_the_command(server: Server) -> None:
    await server.job_done()
    await server.show_to(server.member)
    assert await server.member.autocomplete(server.channel, "admin refund", "job", "") == []


async def test_spending_is_shown_as_a_table_and_a_chart(server: Server) -> None:
    other = elsewhere(server.stage)
    await other.job_done("faceswap-comic")
    job = await server.job_done("faceswap-v5")
    await server.job_done("faceswap-v4")
    await server.tell("refund", job=job)
    result = await server.admin.slash(server.channel, "admin spend", days=7)
    words = said(result)
    table = [line.split() for line in words.split("```")[1].strip().splitlines()]
    assert table[1][-4:] == ["1", "13", "0", "0.12"]
    assert table[2][-4:] == ["1", "5", "5", "0.05"]
    assert table[3] == ["total", "2", "18", "5", "0.17"]
    assert "Comic" not in words
    assert "Spent this month: **18** credits" in words
    assert result.response is not None
    (chart,) = result.response.attachments
    assert "18 credits" in (chart.description or "")
    assert Image.open(BytesIO(await chart.read())).format == "PNG"


async def test_without_spending_there_is_no_chart(server: Server) -> None:
    result = await server.admin.slash(server.channel, "admin spend")
    assert "Spent in the last 30 days\nNothing yet." in said(result)
    assert result.response is not None
    assert result.response.attachments == []
