"""Parsing the request history, and the dates to query."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.segmind.errors import KeyRejected, SegmindError, Unavailable
from bot.segmind.history import Found, date_range, parse_history, parse_record
from bot.segmind.outputs import Link
from bot.segmind.responses import Response
from tests.segmind.conftest import NO_DEADLINE

URL = "https://images.segmind.com/output/one.png"
ROW = {
    "request_id": "r-1",
    "model_name": "faceswap-v5",
    "model_status": "completed",
    "credits_deduction": "0.05",
    "request_body": {"source_image": "https://x.y/a.png?doppel=n0nce"},
    "generation_url": URL,
    "latency_ms": 9800,
    "error": None,
}
FOUND = Found("r-1", "COMPLETED", Link(URL), 0.05, None)


def response(body: Any, status: int = 200) -> Response:
    return Response(status, json.dumps(body).encode())


@pytest.mark.parametrize(
    "body",
    [
        [ROW],
        {"data": [ROW]},
        {"data": {"data": [ROW]}},
        {"data": {"results": [ROW], "total": 1}},
        {"results": [ROW]},
        {"items": [ROW], "page": 1},
        {"success": True, "history": [ROW]},
    ],
)
def test_rows_are_found_in_any_envelope(body: Any) -> None:
    (row,) = parse_history(response(body))
    assert (row.found, row.model, row.inputs) == (FOUND, "faceswap-v5", ROW["request_body"])
    assert "n0nce" not in repr(row)


def test_a_row_without_its_id_is_skipped() -> None:
    rows = [{}, None, 5, {"request_id": ""}, {"request_id": 7}, {"request_id": "r-2"}]
    (row,) = parse_history(response(rows))
    assert row.found == Found("r-2", "", None, None, None)


def test_inputs_may_be_a_string_of_json() -> None:
    (row,) = parse_history(response([{**ROW, "request_body": json.dumps(ROW["request_body"])}]))
    assert row.inputs == ROW["request_body"]


@pytest.mark.parametrize("body", ["doppel=n0nce", ["doppel=n0nce"], None, 7, "{"])
def test_inputs_of_another_form_are_none(body: Any) -> None:
    (row,) = parse_history(response([{**ROW, "request_body": body}]))
    assert row.inputs == {}


@pytest.mark.parametrize("url_field", [[URL], json.dumps([URL]), {"url": URL}, f" {URL}"])
def test_the_output_may_be_wrapped(url_field: Any) -> None:
    (row,) = parse_history(response([{**ROW, "generation_url": url_field}]))
    assert row.found.output == Link(URL)


def test_a_failed_request_has_its_error() -> None:
    row = {
        **ROW,
        "model_status": "FAILED",
        "error": "no face",
        "generation_url": None,
        "credits_deduction": 0,
    }
    assert parse_record(response(row)) == Found("r-1", "FAILED", None, 0.0, "no face")


@pytest.mark.parametrize("body", [ROW, {"data": ROW}, {"data": {"data": ROW}}])
def test_one_record_is_found_in_any_envelope(body: Any) -> None:
    assert parse_record(response(body)) == FOUND


def test_an_unknown_record_is_none() -> None:
    assert parse_record(response({"error": "not found"}, 404)) is None


def test_a_404_after_the_first_page_is_an_empty_page() -> None:
    assert parse_history(response({}, 404), page=2) == []
    with pytest.raises(Unavailable):
        parse_history(response({}, 404), page=1)


@pytest.mark.parametrize("body", [{}, None, "x", {"data": {"rows": 5}}])
def test_an_unknown_form_is_an_error(body: Any) -> None:
    with pytest.raises(Unavailable):
        parse_history(response(body))
    with pytest.raises(Unavailable):
        parse_record(response(body))


def test_a_rejected_key_is_the_cause_of_the_error() -> None:
    for parse in (parse_history, parse_record):
        with pytest.raises(Unavailable) as caught:
            parse(response({"error": "no"}, 401))
        assert isinstance(caught.value.cause, KeyRejected)


def test_the_window_is_a_day_wider_on_both_sides_and_never_longer_than_allowed() -> None:
    noon = datetime(2026, 3, 10, 12, tzinfo=UTC).timestamp()
    assert date_range(noon, noon + 60) == {"from_date": "2026-03-09", "to_date": "2026-03-11"}
    assert date_range(noon - 90 * 86400, noon) == {"from_date": "2026-02-11", "to_date": "2026-03-11"}


@NO_DEADLINE
@given(status=st.integers(200, 599), body=st.binary(max_size=50))
def test_parsing_a_history_raises_only_segmind_errors(status: int, body: bytes) -> None:
    for parse in (parse_history, parse_record):
        with suppress(SegmindError):
            parse(Response(status, body))
