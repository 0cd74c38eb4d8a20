"""Error messages in any form, numbers, and the reset times of rate limits."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.segmind.errors import MAX_DETAIL, ModelUnavailable, Refused, sanitize
from bot.segmind.responses import Response, number_of, refused, reset_time
from tests.segmind.conftest import NO_DEADLINE

AT = 1767225600.0  # 2026-01-01T00:00:00Z


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"error": "said"}, "said"),
        ({"error": {"message": "said", "code": 5}}, "said"),
        ({"message": "said"}, "said"),
        ({"detail": "said"}, "said"),
        ({"error": None, "message": "said"}, "said"),
        ({"error": "", "detail": "said"}, "said"),
        ("said", "said"),
        (
            {"detail": [{"loc": ["body", "quality"], "msg": "too high", "type": "x"}, {"msg": "no"}]},
            "quality: too high; no",
        ),
        ({"error": [{"loc": ["query", "a", 0], "msg": "bad"}]}, "a.0: bad"),
        ({"errors": 5}, "HTTP 400 without an error message"),
        ({"error": {"error": {"error": {"error": "too deep"}}}}, "HTTP 400 without an error message"),
    ],
)
def test_the_error_message_is_found_in_any_envelope(body: Any, detail: str) -> None:
    assert Response(400, json.dumps(body).encode()).detail() == detail


@pytest.mark.parametrize(
    "body", [b"", b"   ", b"<!DOCTYPE html><p>no</p>", b'{"error": "cut', b"[", b"\xff\xfe\xfd"]
)
def test_html_and_broken_bodies_are_not_quoted(body: bytes) -> None:
    assert Response(405, body).detail() == "HTTP 405 without an error message"


def test_plain_text_is_quoted() -> None:
    assert Response(502, b"upstream  timed\nout").detail() == "upstream timed out"


def test_sanitized_text_has_no_control_characters() -> None:
    assert sanitize("a\x00b\x1b[31m\r\n\tc\u202ed\ud800e") == "ab[31m cde"
    assert len(sanitize("x" * 10_000)) == MAX_DETAIL
    assert sanitize("x" * 10_000).endswith("…")


@NO_DEADLINE
@given(st.text(max_size=3000))
def test_sanitized_text_is_short_and_printable(text: str) -> None:
    assert len(sanitize(text)) <= MAX_DETAIL
    assert sanitize(text).isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00+00:00",
        "2026-01-01T01:00:00+01:00",
        "2026-01-01T00:00:00.000Z",
        "2026-01-01 00:00:00",
        "2026-01-01 00:00:00 UTC",
        "1767225600",
        "1767225600.0",
        "1767225600000",
        " 1767225600 ",
        "Thu, 01 Jan 2026 00:00:00 GMT",
    ],
)
def test_a_reset_time_is_parsed_in_every_form(text: str) -> None:
    assert reset_time(text) == AT


@pytest.mark.parametrize("text", ["", "soon", "30", "-5", "nan", "1e400", "2026-13-45", "Thu, 99 Jan"])
def test_an_invalid_reset_time_is_none(text: str) -> None:
    assert reset_time(text) is None


@NO_DEADLINE
@given(st.text(max_size=40))
def test_any_header_can_be_parsed(text: str) -> None:
    assert reset_time(text) is None or isinstance(reset_time(text), float)


def test_a_404_without_a_model_is_a_generic_error() -> None:
    assert type(refused(Response(404, b""))) is Refused
    assert isinstance(refused(Response(404, b""), slug="x"), ModelUnavailable)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1.0),
        ("0.05", 0.05),
        (True, None),
        ("x", None),
        (None, None),
        ([1], None),
        ("inf", None),
        (10**400, None),
    ],
)
def test_only_numbers_are_numbers(value: Any, number: float | None) -> None:
    assert number_of(value) == number


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" * 5_000_000, id="deeply nested"),
        pytest.param(b'{"a":' * 1_000_000, id="deeply nested objects"),
        pytest.param(b"[" + b"[]," * 2_000_000 + b"[]]", id="millions of lists"),
        pytest.param(b"[" + b"{}," * 2_000_000 + b"{}]", id="millions of objects"),
        pytest.param(b"[" + b"1," * 2_000_000 + b"1]", id="millions of numbers"),
        pytest.param(b'{"credits": ' + b"9" * 5_000_000 + b"}", id="an endless number"),
    ],
)
def test_json_that_would_fill_the_memory_is_rejected(body: bytes) -> None:
    tracemalloc.start()
    assert Response(200, body).json() is None
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * len(body)


def test_a_long_response_with_an_inline_output_is_parsed() -> None:
    body = json.dumps({"status": "COMPLETED", "output": "x" * 20_000_000}).encode()
    assert len(Response(200, body).fields()["output"]) == 20_000_000
