"""The schedule and the count by themselves: what each number is made of."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.job import Reason, State
from tests.chaos.checks import Evidence, Verdict, judged
from tests.chaos.kill_points import Point
from tests.chaos.ledger import EntryRow, JobRow, Pages
from tests.chaos.orders import Placed, Wanted, Wish, belongs, plain_png
from tests.chaos.report import Run, save, table
from tests.chaos.scenarios import STORMS, changed, dooms
from tests.discord.entities import Guild, Member
from tests.discord.records import Attachment, Message
from tests.discord.user import Reply, new_interaction

GUILD, MEMBER = Guild(), Member("alice")
ACCOUNT = f"{GUILD.id}:{MEMBER.id}"
RED = (250, 10, 10)
REQUEST = "a-request"


def spoken(text: str, *files: bytes) -> Placed:
    """An order whose reply says this by now."""
    interaction = new_interaction("swap", guild_id=GUILD.id, channel_id=GUILD.channel.id, seconds=900)
    interaction.message = message = Message(interaction.id + 1, GUILD.channel.id, {})
    if text:
        message.show({"components": [{"type": 10, "content": text}]}, "token")
    message.attachments = [Attachment(1, "a.png", each, "") for each in files]
    wanted = Wanted("faceswap-v5", Wish.PLAIN, {}, RED)
    return Placed(wanted, MEMBER, GUILD, Reply(interaction), 0.0)


def job_of(placed: Placed, state: State = State.DONE, **facts: Any) -> JobRow:
    plain = JobRow(
        id="a1",
        slug="faceswap-v5",
        account=ACCOUNT,
        price=5,
        guild_id=GUILD.id,
        message_id=placed.reply.id,
        state=state,
        reason=None,
        request_id=REQUEST,
        told=True,
        owner="w",
    )
    return replace(plain, **facts)


def taken(nonce: str = "a1", request_id: str = REQUEST) -> tuple[str, dict[str, str]]:
    return request_id, {"source_image": f"https://files.example/a.png?x=1&doppel={nonce}"}


def evidence(placed: Placed, *jobs: JobRow) -> Evidence:
    """A job that went well in every respect, if it is the one that is given."""
    entries = [
        EntryRow(ACCOUNT, None, "grant", 100),
        EntryRow(ACCOUNT, "a1", "hold", -5),
        EntryRow(ACCOUNT, "a1", "capture", 0),
    ]
    return Evidence(
        Pages(jobs, entries, {ACCOUNT: (95, 0)}), [taken()], [REQUEST], [placed], excused=lambda _: False
    )


DONE = spoken("### Face swap\n**Completed** · 3.0 s", plain_png(RED))
GOOD = evidence(DONE, job_of(DONE))


def always(_: Placed) -> bool:
    return True


def counts(verdict: Verdict) -> tuple[int, int, int, int]:
    return len(verdict.twice), len(verdict.lost), verdict.ledger, len(verdict.unfinished)


def test_a_job_that_went_well_counts_nothing() -> None:
    verdict = judged(GOOD)
    assert verdict.clean
    assert (verdict.refused, verdict.cut_off, verdict.unheard) == (0, 0, 0)


def test_two_accepted_requests_with_one_nonce_are_one_too_many() -> None:
    again = replace(GOOD, accepted=[taken(), taken(request_id="another")])
    assert counts(judged(again)) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    "changed_job",
    [
        {"told": False},
        {"state": State.EXPIRED},
        {"request_id": None, "state": State.FAILED, "reason": Reason.NOT_FOUND},
        {"request_id": "never-finished"},
    ],
    ids=["never ended", "expired, but finished", "given up, but accepted", "done, but never finished"],
)
def test_a_job_whose_end_is_not_what_segmind_says_is_lost(changed_job: dict[str, Any]) -> None:
    assert len(judged(evidence(DONE, job_of(DONE, **changed_job))).lost) == 1


def test_a_request_of_no_job_and_an_order_without_one_are_lost() -> None:
    assert len(judged(replace(GOOD, accepted=[taken(), taken("b2", "another")])).lost) == 1
    waiting = spoken("**Queued** · sent to Segmind")
    verdict = judged(replace(GOOD, placed=[DONE, waiting]))
    assert (len(verdict.lost), len(verdict.unfinished)) == (1, 1)


@pytest.mark.parametrize(
    "placed",
    [
        spoken("**Processing** · sent to Segmind"),
        spoken("**Failed** · Segmind could not do this"),
        spoken("**Completed** · 3.0 s"),
        spoken("**Completed** · 3.0 s", plain_png((0, 0, 0))),
        spoken(""),
    ],
    ids=["a stage", "another end", "no file", "somebody else's file", "nothing"],
)
def test_a_message_that_does_not_show_its_jobs_end_is_unfinished(placed: Placed) -> None:
    assert counts(judged(evidence(placed, job_of(placed)))) == (0, 0, 0, 1)


@pytest.mark.parametrize(
    ("accounts", "faults", "difference"),
    [({ACCOUNT: (96, 0)}, [], 2), ({ACCOUNT: (90, 5)}, [], 10), ({ACCOUNT: (95, 0)}, ["a sentence"], 1)],
    ids=["given away", "still held", "found by the audit"],
)
def test_the_ledger_is_counted_again(
    accounts: dict[str, tuple[int, int]], faults: list[str], difference: int
) -> None:
    pages = replace(GOOD.pages, accounts=accounts, faults=faults)
    assert judged(replace(GOOD, pages=pages)).ledger == difference


def test_orders_that_never_were_a_job_are_told_apart() -> None:
    refusal, silent, unheard = spoken("This costs 5 credits, and you have 2."), spoken(""), spoken("")
    unheard.reply.interaction.message = None
    verdict = judged(replace(GOOD, placed=[DONE, refusal, silent, unheard], excused=always))
    assert verdict.clean
    assert (verdict.refused, verdict.cut_off, verdict.unheard) == (1, 1, 1)


def test_a_result_is_known_by_its_colour() -> None:
    assert belongs(Attachment(1, "a.png", plain_png(RED), ""), DONE.wanted)
    assert not belongs(Attachment(1, "a.png", plain_png((0, 0, 0)), ""), DONE.wanted)


@pytest.mark.parametrize("name", ["sqlite", "postgres"])
def test_every_point_is_in_the_schedule_which_the_seed_decides(name: str) -> None:
    storm = STORMS[name]
    planned = dooms(storm)
    ends = [doom for process in planned for doom in process]
    assert len(planned) == storm.processes
    assert len(ends) == storm.kills >= 40
    assert set(Counter(doom.point for doom in ends)) == {None, *Point}
    assert dooms(storm) == planned
    assert dooms(changed(storm, seed=2)) != planned
    assert changed(storm, jobs=None) == storm


def test_the_table_and_the_file_say_the_same(tmp_path: Path) -> None:
    run = Run(
        name="sqlite", database="sqlite", processes=1, seed=7, jobs=2000, kills=40, ambiguous=80,
        submitted_twice=0, lost=1, ledger_difference=0, unfinished_messages=0, recovery_s=1.52,
        recovery_most_s=None, recoveries=40, refused=3, cut_off=2, unheard=1, seconds=60.0,
        points={"ready": 40}, checked_calls=None, trouble=["job a is gone"] * 30,
    )  # fmt: skip
    shown = table([run])
    assert "submitted twice" in shown
    assert "1.5 s" in shown
    assert "and 5 more" in shown
    assert not run.clean
    save([run], tmp_path / "var/chaos.json")
    (told,) = json.loads((tmp_path / "var/chaos.json").read_text())
    assert (told["jobs"], told["lost"], told["recovery_s"]) == (2000, 1, 1.52)
