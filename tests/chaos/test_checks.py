"""The schedule and the checks, by themselves."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.job import Reason, State
from tests.chaos.checks import Evidence, Findings, check
from tests.chaos.kill_points import KillPoint
from tests.chaos.ledger import EntryRow, JobRow, LedgerSnapshot
from tests.chaos.messages import SetBack
from tests.chaos.orders import OrderKind, PlacedOrder, PlannedOrder, is_result_of, plain_png
from tests.chaos.report import Run, save, table
from tests.chaos.scenarios import SCENARIOS, plan_kills, with_changes
from tests.discord.entities import Guild, Member
from tests.discord.records import Attachment, Message
from tests.discord.user import Reply, new_interaction

GUILD, MEMBER = Guild(), Member("alice")
ACCOUNT = f"{GUILD.id}:{MEMBER.id}"
RED, GREEN, BLUE = (250, 10, 10), (10, 250, 10), (10, 10, 250)
REQUEST = "a-request"


def order_showing(text: str, *files: bytes) -> PlacedOrder:
    """Return an order whose reply shows this text."""
    interaction = new_interaction("swap", guild_id=GUILD.id, channel_id=GUILD.channel.id, seconds=900)
    interaction.message = message = Message(interaction.id + 1, GUILD.channel.id, {})
    names = [f"{number}.png" for number in range(len(files))]
    items = [{"media": {"url": f"attachment://{name}"}} for name in names]
    if text:
        message.apply({"components": [{"type": 10, "content": text}, {"type": 12, "items": items}]}, "token")
    message.attachments = [
        Attachment(number, name, each, "")
        for number, (name, each) in enumerate(zip(names, files, strict=True))
    ]
    planned = PlannedOrder("faceswap-v5", OrderKind.PLAIN, {}, RED)
    return PlacedOrder(planned, MEMBER, GUILD, Reply(interaction), 0.0)


def job_of(placed: PlacedOrder, state: State = State.DONE, **changes: Any) -> JobRow:
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
        nonce="a1",
    )
    return replace(plain, **changes)


def accepted_request(nonce: str = "a1", request_id: str = REQUEST) -> tuple[str, dict[str, str]]:
    return request_id, {"source_image": f"https://files.example/a.png?x=1&doppel={nonce}"}


def evidence(placed: PlacedOrder, *jobs: JobRow) -> Evidence:
    """Return the evidence of a job that went well."""
    entries = [
        EntryRow(ACCOUNT, None, "grant", 100),
        EntryRow(ACCOUNT, "a1", "hold", -5),
        EntryRow(ACCOUNT, "a1", "capture", 0),
    ]
    return Evidence(
        LedgerSnapshot(jobs, entries, {ACCOUNT: (95, 0)}),
        [accepted_request()],
        [REQUEST],
        [placed],
        was_cut_off=lambda _: False,
    )


DONE = order_showing("### ✅ Face swap v5 · Completed in 3.0 s", plain_png(RED))
GOOD = evidence(DONE, job_of(DONE))


def always(_: PlacedOrder) -> bool:
    return True


def counts(findings: Findings) -> tuple[int, int, int, int]:
    return len(findings.submitted_twice), len(findings.lost), findings.ledger, len(findings.unfinished)


def test_a_job_that_went_well_counts_nothing() -> None:
    findings = check(GOOD)
    assert findings.clean
    assert (findings.rejected, findings.cut_off, findings.unanswered) == (0, 0, 0)


def test_two_accepted_requests_with_one_nonce_are_one_too_many() -> None:
    again = replace(GOOD, accepted=[accepted_request(), accepted_request(request_id="another")])
    assert counts(check(again)) == (1, 0, 0, 0)


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
    assert len(check(evidence(DONE, job_of(DONE, **changed_job))).lost) == 1


def batch_showing(text: str, *files: bytes) -> Evidence:
    """Return the evidence of a batch of three, of which the second failed."""
    placed = order_showing(text, *files)
    batch = [replace(placed.planned, colour=colour) for colour in (RED, GREEN, BLUE)]
    placed = replace(placed, batch=batch)
    failed = job_of(placed, State.FAILED, id="a2", nonce="a2", request_id=None)
    jobs = [job_of(placed), failed, job_of(placed, id="a3", nonce="a3", request_id="third")]
    return replace(
        evidence(placed, *jobs),
        snapshot=LedgerSnapshot(jobs, [], {}),
        accepted=[accepted_request(), accepted_request("a3", "third")],
        completed=[REQUEST, "third"],
    )


def test_a_batch_shows_the_results_of_its_jobs_in_their_order() -> None:
    red, green, blue = map(plain_png, (RED, GREEN, BLUE))
    words = "### ✅ Face swap v5 · 2 of 3 done"
    assert check(batch_showing(f"{words}\nNo. 2: ❌ Failed", red, blue)).unfinished == []
    for text, files, problem in (
        (f"{words}\n▰▰▰▱▱▱", [red, blue], "2 of 3 jobs are DONE, and message"),
        (words, [red], "has 1 files"),
        (words, [blue, red], "in the wrong place"),
        (words, [red, green], "in the wrong place"),
    ):
        (found,) = check(batch_showing(text, *files)).unfinished
        assert problem in found


def test_a_request_of_no_job_and_an_order_without_one_are_lost() -> None:
    assert (
        len(check(replace(GOOD, accepted=[accepted_request(), accepted_request("b2", "another")])).lost) == 1
    )
    waiting = order_showing("Face swap v5 · Queued · sent to Segmind")
    findings = check(replace(GOOD, placed=[DONE, waiting]))
    assert (len(findings.lost), len(findings.unfinished)) == (1, 1)


@pytest.mark.parametrize(
    "placed",
    [
        order_showing("Face swap v5 · Processing · sent to Segmind"),
        order_showing("Face swap v5 · Failed · Segmind could not do this"),
        order_showing("Face swap v5 · Completed · 3.0 s"),
        order_showing("Face swap v5 · Completed · 3.0 s", plain_png((0, 0, 0))),
        order_showing(""),
    ],
    ids=["a stage", "another end", "no file", "somebody else's file", "nothing"],
)
def test_a_message_that_does_not_show_its_jobs_end_is_unfinished(placed: PlacedOrder) -> None:
    assert counts(check(evidence(placed, job_of(placed)))) == (0, 0, 0, 1)


@pytest.mark.parametrize(
    ("accounts", "discrepancies", "difference"),
    [({ACCOUNT: (96, 0)}, [], 2), ({ACCOUNT: (90, 5)}, [], 10), ({ACCOUNT: (95, 0)}, ["a sentence"], 1)],
    ids=["given away", "still held", "found by the bot"],
)
def test_the_ledger_is_counted_again(
    accounts: dict[str, tuple[int, int]], discrepancies: list[str], difference: int
) -> None:
    snapshot = replace(GOOD.snapshot, accounts=accounts, discrepancies=discrepancies)
    assert check(replace(GOOD, snapshot=snapshot)).ledger == difference


def test_orders_without_a_job_are_counted_by_reason() -> None:
    rejected, silent, unanswered = (
        order_showing("You need 5 credits but have 2 credits."),
        order_showing(""),
        order_showing(""),
    )
    unanswered.reply.interaction.message = None
    findings = check(replace(GOOD, placed=[DONE, rejected, silent, unanswered], was_cut_off=always))
    assert findings.clean
    assert (findings.rejected, findings.cut_off, findings.unanswered) == (1, 1, 1)


def message_of(placed: PlacedOrder) -> Message:
    message = placed.reply.interaction.message
    assert message is not None
    return message


def test_a_second_message_of_a_job_is_extra() -> None:
    one, two, other = (order_showing("Face swap v5 · Completed · 3.0 s", plain_png(RED)) for _ in range(3))
    for placed, job in ((one, "a1"), (two, "a1"), (other, "b2")):
        button = {"type": 2, "label": "Again", "custom_id": f"job:again:7:{job}"}
        message_of(placed).components = [{"type": 1, "components": [button]}]
    messages = [message_of(each) for each in (one, two, other)]
    assert len(check(replace(GOOD, messages=messages)).extra) == 1
    message_of(two).deleted = True
    assert check(replace(GOOD, messages=messages)).clean


def test_a_stage_after_the_outcome_overwrites_it() -> None:
    placed = order_showing("Face swap v5 · Completed · 3.0 s", plain_png(RED))
    for text in ("Face swap v5 · Processing · sent to Segmind", "Face swap v5 · Completed in 3.0 s"):
        message_of(placed).apply({"components": [{"type": 10, "content": text}]}, "token")
    shown = evidence(placed, job_of(placed))
    findings = check(shown)
    assert counts(findings) == (0, 0, 0, 0)
    assert len(findings.overwritten) == 1
    # Only a process that was suspended may show the outcome again.
    assert check(replace(shown, suspended=True)).clean
    at = placed.reply.edits[1].at
    assert check(replace(shown, set_backs=[SetBack(at - 5, at)])).clean
    assert not check(replace(shown, set_backs=[SetBack(at - 500, at - 400)])).clean


def test_an_open_job_of_a_living_process_is_idle() -> None:
    assert not check(replace(GOOD, idle=["job a1 is HELD, and nobody runs it"])).clean


def test_an_order_and_its_request_may_be_forgotten_by_a_database_that_is_set_back() -> None:
    order = order_showing("Face swap v5 · Queued · sent to Segmind")
    lost = replace(
        GOOD, placed=[DONE, order], accepted=[accepted_request(), accepted_request("b2", "another")]
    )
    assert counts(check(lost)) == (0, 2, 0, 1)
    set_back = SetBack(95.0, 99.0, {order.reply.id}, {"b2"})
    assert counts(check(replace(lost, set_backs=[set_back]))) == (0, 0, 0, 1)
    # Nobody is left who knows of it.
    assert check(replace(lost, set_backs=[set_back], was_cut_off=always)).clean
    assert order.reply.interaction.message is not None
    order.reply.interaction.message.apply(
        {"components": [{"type": 10, "content": "Face swap v5 · Lost on the way"}]}, "token"
    )
    findings = check(replace(lost, set_backs=[set_back]))
    assert findings.clean
    assert findings.cut_off == 1
    assert check(replace(lost, set_backs=[SetBack(95.0, 99.0)])).lost


def test_a_refund_names_its_job_and_is_given() -> None:
    refund = EntryRow(ACCOUNT, "a1", "adjust", 5)
    snapshot = replace(GOOD.snapshot, entries=[*GOOD.snapshot.entries, refund], accounts={ACCOUNT: (100, 0)})
    assert check(replace(GOOD, snapshot=snapshot)).clean


def test_a_result_is_known_by_its_colour() -> None:
    assert is_result_of(Attachment(1, "a.png", plain_png(RED), ""), DONE.planned)
    assert not is_result_of(Attachment(1, "a.png", plain_png((0, 0, 0)), ""), DONE.planned)


@pytest.mark.parametrize("name", ["sqlite", "postgres"])
def test_the_schedule_has_every_point_and_depends_on_the_seed(name: str) -> None:
    scenario = SCENARIOS[name]
    planned = plan_kills(scenario)
    ends = [planned_kill for process in planned for planned_kill in process]
    assert len(planned) == scenario.processes
    assert len(ends) == scenario.kills >= 40
    assert set(Counter(planned_kill.point for planned_kill in ends)) == {None, *KillPoint}
    assert plan_kills(scenario) == planned
    assert plan_kills(with_changes(scenario, seed=2)) != planned
    assert with_changes(scenario, jobs=None) == scenario


def test_the_table_and_the_file_say_the_same(tmp_path: Path) -> None:
    run = Run(
        name="sqlite", database="sqlite", processes=1, seed=7, jobs=2000, kills=40, ambiguous=80,
        submitted_twice=0, lost=1, ledger_difference=0, unfinished_messages=0, extra_messages=0,
        overwritten=0, idle=0, recovery_s=1.52,
        recovery_most_s=None, recoveries=40, rejected=3, cut_off=2, unanswered=1, seconds=60.0,
        points={"ready": 40}, disturbances={"again": 3}, checked_calls=None, failures=["job a is gone"] * 30,
    )  # fmt: skip
    shown = table([run])
    assert "submitted twice" in shown
    assert "1.5 s" in shown
    assert "and 5 more" in shown
    assert not run.clean
    save([run], tmp_path / "var/chaos.json")
    (saved,) = json.loads((tmp_path / "var/chaos.json").read_text())
    assert (saved["jobs"], saved["lost"], saved["recovery_s"]) == (2000, 1, 1.52)
