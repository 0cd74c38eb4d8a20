"""The shared search for requests: how many requests it makes, and when it gives an answer."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.jobs.job import Job, State
from bot.jobs.supervision.decisions import OperatorDecisions, release_key
from bot.jobs.unknown.search import MIN_PASSES, SearchConfig, SubmissionSearch
from bot.segmind.errors import Unavailable, Unreachable
from bot.segmind.history import Found
from tests.clocks import AgendaClock
from tests.jobs.harness import RecordingOperator
from tests.jobs.orders import job
from tests.jobs.unknown.histories import PagedHistory, Requests, row_of, sent

START = 1_000_000.0
DAY = 86_400.0
WINDOW, INTERVAL, ASK_AFTER = 900.0, 15.0, 3600.0


class JumpingClock(AgendaClock):
    """Clock that can be set forward without its sleepers waking."""

    jump = 0.0

    def now(self) -> float:
        return super().now() + self.jump


class Values(dict[str, str]):
    """Values that processes share."""

    async def read_value(self, name: str) -> str | None:
        return self.get(name)

    async def swap_value(self, name: str, text: str) -> str | None:
        previous, self[name] = self.get(name), text
        return previous


class Searching:
    """Search over a history of the test, and the answers that jobs got."""

    def __init__(self, rows: int = 10, *, apart: float = 60.0) -> None:
        """`rows`: number of known requests, each `apart` seconds older than the one before."""
        self.clock, self.index, self.values = JumpingClock(START), Requests(), Values()
        self.history = PagedHistory(
            self.index.add(sent(job(f"known{number}"), START - apart * number)) for number in range(rows)
        )
        self.operator = RecordingOperator()
        self.search = self.another_process()
        self.answers: dict[str, Found | Exception | None] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def another_process(self) -> SubmissionSearch:
        decisions = OperatorDecisions(self.values, self.operator.tell, self.clock)
        return SubmissionSearch(
            self.history, self.index, decisions, self.clock, SearchConfig(WINDOW, INTERVAL)
        )

    def begin(self, *jobs: Job, search: SubmissionSearch | None = None) -> None:
        self._tasks += [asyncio.create_task(self._find(search or self.search, each)) for each in jobs]

    async def run(self, seconds: float) -> None:
        await self.clock.run(seconds)
        # A pass takes more steps than the clock waits for.
        for _ in range(5):
            await self.clock.run(0)

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _find(self, search: SubmissionSearch, job: Job) -> None:
        find = search.find_sent if job.state is State.HELD else search.find
        try:
            self.answers[job.id] = await find(job)
        except Unreachable as error:
            self.answers[job.id] = error


def unknown(job_id: str = "lost", *, age: float = 60.0) -> Job:
    return replace(sent(job(job_id), START - age), state=State.UNKNOWN)


def fifty(*, age: float) -> Sequence[Job]:
    return [unknown(f"lost{number}", age=age) for number in range(50)]


async def test_fifty_unknown_jobs_among_5000_rows_cost_one_request_per_round() -> None:
    # Three days of rows. One search per job made 2,500 requests a round, and 150,000 in this window.
    searching = Searching(5000, apart=3 * DAY / 5000)
    searching.begin(*fifty(age=600))
    await searching.run(WINDOW)
    assert set(searching.answers.values()) == {None}
    assert len(searching.answers) == 50
    assert searching.history.pages == WINDOW / INTERVAL + 1


async def test_fifty_jobs_unknown_for_two_days_cost_a_pass_a_few_times() -> None:
    # One search per job made 7,500 requests in three passes.
    searching = Searching(5000, apart=3 * DAY / 5000)
    searching.begin(*fifty(age=2 * DAY))
    await searching.run(WINDOW)
    assert set(searching.answers.values()) == {None}
    assert len(searching.answers) == 50
    assert searching.history.pages == 34 * (MIN_PASSES + 1)


async def test_a_request_that_is_listed_late_is_found_in_the_next_round() -> None:
    searching, lost = Searching(), unknown()
    searching.begin(lost, unknown("other"))
    await searching.run(INTERVAL - 1)
    searching.history.rows.insert(0, row_of(lost))
    await searching.run(2)
    assert searching.answers == {"lost": row_of(lost).found}
    assert searching.history.pages == 2
    await searching.leave()


async def test_time_and_passes_count_from_when_this_process_began() -> None:
    searching = Searching()
    searching.begin(unknown(age=3 * DAY))
    await searching.run(WINDOW - 1)
    assert searching.answers == {}
    await searching.run(INTERVAL)
    assert searching.answers == {"lost": None}


async def test_a_clock_that_is_set_forward_does_not_end_the_search_at_once() -> None:
    searching = Searching()
    searching.begin(unknown())
    await searching.run(1)
    searching.clock.jump = 2 * WINDOW
    await searching.run(INTERVAL)
    assert searching.answers == {}
    await searching.run(2 * INTERVAL)
    assert searching.answers == {"lost": None}


@pytest.mark.parametrize("history", ["empty", "unreadable", "without nonces"])
async def test_a_history_that_does_not_show_our_requests_releases_nothing(history: str) -> None:
    searching = Searching(10)
    shown, searching.history.rows = searching.history.rows, []
    if history == "unreadable":
        searching.history.error = Unavailable("the history is away")
    if history == "without nonces":
        bare = {"source_image": "https://files.example/a.png"}
        searching.history.rows = [replace(row, inputs={**row.inputs, **bare}) for row in shown]
    searching.begin(unknown(), unknown("other"))
    await searching.run(ASK_AFTER - 1)
    assert (searching.answers, searching.operator.events) == ({}, [])
    # The operator is told once for all jobs, and again after a day.
    await searching.run(INTERVAL + 3600)
    assert [event.count for event in searching.operator.events] == [2]
    searching.clock.jump = DAY
    await searching.run(INTERVAL)
    assert [event.count for event in searching.operator.events] == [2, 2]
    searching.values[release_key("other")] = "1"
    await searching.run(INTERVAL)
    assert searching.answers == {"other": None}
    # Afterwards, the history counts again.
    searching.history.error, searching.history.rows = None, [row_of(unknown()), *shown]
    await searching.run(INTERVAL)
    assert isinstance(searching.answers["lost"], Found)


async def test_of_two_processes_one_tells_the_operator() -> None:
    searching = Searching(0)
    searching.begin(unknown())
    searching.begin(unknown("other"), search=searching.another_process())
    await searching.run(ASK_AFTER + INTERVAL)
    assert len(searching.operator.events) == 1
    await searching.leave()


async def test_a_first_order_is_searched_for_until_a_later_one_proves_that_it_is_missing() -> None:
    searching = Searching(0)
    searching.begin(unknown())
    await searching.run(2 * WINDOW)
    assert searching.answers == {}
    searching.history.rows.insert(0, searching.index.add(sent(job("later"), START + WINDOW)))
    await searching.run(MIN_PASSES * 2 * INTERVAL)
    assert searching.answers == {"lost": None}


async def test_all_waiting_jobs_get_their_answer_from_one_pass() -> None:
    searching = Searching(20)
    waiting = [sent(job(f"waiting{number}"), START - 600) for number in range(1000)]
    searching.history.rows.insert(0, row_of(waiting[7]))
    searching.begin(*waiting)
    await searching.run(0)
    assert len(searching.answers) == 1000
    assert [id_ for id_, found in searching.answers.items() if found] == ["waiting7"]
    assert searching.history.pages == 1


async def test_a_waiting_job_does_not_wait_for_the_next_round() -> None:
    searching = Searching(5)
    searching.begin(unknown())
    await searching.run(1)
    searching.begin(job("waiting"))
    await searching.run(1)
    assert searching.answers == {"waiting": None}
    await searching.leave()


async def test_a_new_installation_sends_its_waiting_jobs() -> None:
    searching = Searching(0)
    searching.begin(job("waiting"))
    await searching.run(0)
    assert searching.answers == {"waiting": None}


async def test_waiting_jobs_are_not_sent_while_the_history_cannot_be_read() -> None:
    searching = Searching(5)
    searching.history.error = Unavailable("the history is away")
    searching.begin(job("early"), job("late"))
    await searching.run(60)
    assert searching.answers == {}
    searching.history.error = None
    await searching.run(INTERVAL)
    assert searching.answers == {"early": None, "late": None}
    searching.history.error = Unavailable("the history is away")
    searching.begin(job("last"))
    await searching.run(WINDOW + INTERVAL)
    assert isinstance(searching.answers["last"], Unreachable)


async def test_jobs_that_leave_end_the_search() -> None:
    searching = Searching()
    searching.begin(unknown())
    await searching.run(1)
    await searching.leave()
    pages = searching.history.pages
    await searching.run(WINDOW)
    assert searching.history.pages == pages
    searching.begin(unknown("next"))
    await searching.run(1)
    assert searching.history.pages == pages + 1
    await searching.leave()
