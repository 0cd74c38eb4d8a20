"""One pass over the history: what it finds, where it ends, and what an absence proves."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.jobs.job import Job, State
from bot.jobs.unknown.history_pass import HistoryPass, search_history
from bot.segmind.errors import Unavailable
from bot.segmind.history import HistoryRow
from bot.segmind.nonce import with_nonce
from tests.jobs.orders import job
from tests.jobs.unknown.histories import PagedHistory, Requests, row_of, sent

NOW, LAG = 1_000_000.0, 300.0


def unknown(job_id: str = "lost", at: float = NOW - 60) -> Job:
    return replace(sent(job(job_id), at), state=State.UNKNOWN)


def known(number: int, at: float) -> Job:
    return sent(job(f"known{number}"), at)


async def search(history: PagedHistory, index: Requests, *jobs: Job) -> HistoryPass:
    return await search_history(history, index, jobs, now=NOW, lag=LAG)


async def test_requests_are_found_on_any_page_in_one_pass() -> None:
    index, first, second = Requests(), unknown("first"), unknown("second")
    others = [index.add(known(number, NOW - 30)) for number in range(150)]
    history = PagedHistory([*others[:50], row_of(first), *others[50:], row_of(second)])
    result = await search(history, index, first, second)
    assert {id_: found.request_id for id_, found in result.found.items()} == {
        "first": "r-first",
        "second": "r-second",
    }
    assert history.pages == result.pages == 2


async def test_a_pass_ends_at_the_oldest_submission_in_question() -> None:
    index = Requests()
    history = PagedHistory(index.add(known(number, NOW - 10 * number)) for number in range(5000))
    result = await search(history, index, unknown(at=NOW - 600))
    assert (result.found, history.pages) == ({}, 1)


async def test_a_waiting_job_is_searched_for_among_the_requests_of_an_hour() -> None:
    index, waiting = Requests(), sent(job("waiting"), NOW - 86_400)
    history = PagedHistory(index.add(known(number, NOW - 10 * number)) for number in range(5000))
    result = await search(history, index, waiting)
    assert result.proves_absence(waiting)
    assert history.pages == 4


async def test_rows_out_of_order_are_read_to_the_end() -> None:
    index, lost = Requests(), unknown(at=NOW - 600)
    rows = [index.add(known(number, NOW - 10 * number)) for number in range(300)]
    rows.reverse()
    history = PagedHistory([*rows, row_of(lost)])
    assert "lost" in (await search(history, index, lost)).found
    assert history.pages == 4


@pytest.mark.parametrize("at", ["prompt", "another field", "an id"])
async def test_a_nonce_is_matched_only_where_it_was_put(at: str) -> None:
    lost, other = unknown(), job("other")
    inputs = {
        "prompt": {"additional_prompt": f"?doppel={lost.nonce}"},
        "another field": {"target_image": with_nonce("https://files.example/b.png", lost.nonce)},
        # The id stands in the ids of buttons, which everybody in the channel can read.
        "an id": {"additional_prompt": lost.id, "source_image": f"https://x.y/a.png?doppel={lost.id}"},
    }[at]
    assert (await search(PagedHistory([row_of(other, **inputs)]), Requests(), lost)).found == {}


async def test_a_request_of_another_job_is_skipped() -> None:
    index, lost = Requests(), unknown()
    taken = replace(index.add(known(1, NOW - 30)), inputs=lost.body)
    result = await search(PagedHistory([taken, row_of(lost)]), index, lost)
    assert result.found["lost"].request_id == "r-lost"


async def test_a_row_without_its_queries_is_matched_by_all_its_inputs() -> None:
    lost, twin = unknown("lost"), unknown("twin")
    bare = "https://files.example/a.png"
    rows = [
        row_of(lost, "another target", source_image=bare, target_image="https://files.example/c.png"),
        replace(row_of(lost, "another model", source_image=bare), model="faceswap-v4"),
        row_of(lost, "the one", source_image=bare, seed=7),
    ]
    result = await search(PagedHistory(rows), Requests(), lost, twin)
    # Both jobs ordered the same, and there is one request: one of them has it.
    assert [found.request_id for found in result.found.values()] == ["the one"]


async def test_a_server_without_pages_and_an_endless_history_end() -> None:
    index, lost = Requests(), unknown()
    history = PagedHistory(row_of(job(str(number))) for number in range(50))
    history.knows_pages = False
    assert (await search(history, index, lost)).found == {}
    assert history.pages == 4
    endless = PagedHistory(row_of(job(str(number))) for number in range(20_000))
    with pytest.raises(Unavailable):
        await search(endless, index, lost)
    assert endless.pages == 200


async def test_rows_repeated_because_of_new_requests_do_not_end_the_pass() -> None:
    class Shifting(PagedHistory):
        async def history_page(self, page: int, *, since: float, until: float) -> Sequence[HistoryRow]:
            return await super().history_page(max(1, page - 2), since=since, until=until)

    lost = unknown()
    rows = [row_of(job(str(number))) for number in range(100)]
    assert "lost" in (await search(Shifting([*rows, row_of(lost)]), Requests(), lost)).found


@pytest.mark.parametrize(
    ("shown", "proves"),
    [
        ([NOW - 30], True),
        # The last request that the history has to show by now is older than the job's own.
        ([NOW - 3600], True),
        ([], False),
    ],
    ids=["a later one", "the last one", "none"],
)
async def test_an_absence_is_proved_by_a_known_request(shown: list[float], proves: bool) -> None:
    index, lost = Requests(), unknown()
    rows = [index.add(known(number, at)) for number, at in enumerate(shown)]
    assert (await search(PagedHistory(rows), index, lost)).proves_absence(lost) is proves


async def test_a_history_that_hides_our_last_requests_proves_nothing() -> None:
    index, lost = Requests(), unknown()
    old = index.add(known(0, NOW - 7200))
    for number in range(1, 6):
        index.add(known(number, NOW - 3600 + number))
    assert not (await search(PagedHistory([old]), index, lost)).proves_absence(lost)


async def test_a_known_request_without_its_nonce_proves_nothing() -> None:
    index, lost = Requests(), unknown()
    row = index.add(known(1, NOW - 30))
    bare = replace(row, inputs={**row.inputs, "source_image": "https://files.example/a.png"})
    assert not (await search(PagedHistory([bare]), index, lost)).proves_absence(lost)


async def test_a_request_that_the_history_may_not_show_yet_is_not_expected() -> None:
    index, lost = Requests(), unknown(at=NOW - 200)
    rows = [index.add(known(1, NOW - 3600))]
    index.add(known(2, NOW - 10))
    assert (await search(PagedHistory(rows), index, lost)).proves_absence(lost)
