"""Parsing the responses to a submission, a status and a result."""

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.segmind.errors import (
    MAX_DETAIL,
    BadParameters,
    KeyRejected,
    ModelUnavailable,
    OutcomeUnknown,
    OutOfCredits,
    RateLimited,
    Refused,
    SegmindError,
    Unavailable,
    UnreadableResponse,
)
from bot.segmind.outputs import Inline, Link
from bot.segmind.protocol import is_block, parse_result, parse_status, parse_submit
from bot.segmind.responses import RESET_HEADER, Response
from bot.segmind.states import Accepted, Completed, Expired, Failed, Metrics, Processing, Queued, State
from tests.segmind.conftest import NO_DEADLINE

URL = "https://images.segmind.com/output/one.png"
BODIES = {
    "json": b'{"error": "a reason"}',
    "html": b"<html><body><h1>Not Allowed</h1></body></html>",
    "empty": b"",
    "text": b"a reason",
    "truncated": b'{"error": "a re',
    "list": b"[1, 2]",
    "null": b"null",
    "not text": b"\xff\xfe\x00",
}


def response(status: int, body: Any) -> Response:
    return Response(status, body if isinstance(body, bytes) else json.dumps(body).encode())


def submit(status: int, body: Any) -> Accepted:
    return parse_submit(response(status, body), slug="faceswap-v5")


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_submission_is_accepted_with_its_id(status: int) -> None:
    assert submit(status, {"request_id": "5f-3_A", "status": "QUEUED"}) == Accepted("5f-3_A")


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Refused),
        (307, Refused),
        (308, Refused),
        (400, BadParameters),
        (401, KeyRejected),
        (402, OutOfCredits),
        (403, KeyRejected),
        (404, ModelUnavailable),
        (405, Refused),
        (406, OutOfCredits),
        (410, ModelUnavailable),
        (413, Refused),
        (415, Refused),
        (422, BadParameters),
        (429, RateLimited),
    ],
)
def test_a_known_refusal_is_a_refused_submission_whatever_its_body(
    status: int, kind: type[SegmindError], body: bytes
) -> None:
    with pytest.raises(Refused) as caught:
        submit(status, body)
    assert type(caught.value) is kind
    assert caught.value.detail
    assert "<" not in caught.value.detail


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize(
    "status", [200, 202, 204, 302, 303, 408, 409, 423, 425, 451, 499, 500, 502, 503, 504, 520]
)
def test_after_any_other_response_the_outcome_is_unknown(status: int, body: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        submit(status, body)


@pytest.mark.parametrize("request_id", ["", "a/b", "../x", "a b", "ü", "a" * 129, None, 7, ["a"], "a\n"])
def test_a_request_id_that_is_unsafe_in_a_path_is_rejected(request_id: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        submit(200, {"request_id": request_id})


def test_the_errors_name_the_model_and_the_reset_time() -> None:
    with pytest.raises(ModelUnavailable) as unknown:
        submit(404, {"error": "no such model"})
    assert (unknown.value.slug, unknown.value.detail) == ("faceswap-v5", "no such model")
    with pytest.raises(RateLimited) as limited:
        parse_submit(Response(429, b"", {RESET_HEADER: "1767225600"}), slug="x")
    assert limited.value.resets_at == 1767225600


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("QUEUED", Queued()),
        ("queued", Queued()),
        ("IN QUEUE", Queued()),
        ("PROCESSING", Processing()),
        ("Warming up", Processing()),
        ("COMPLETED", Completed(None)),
        ("success", Completed(None)),
        ("Succeeded", Completed(None)),
        ("EXPIRED", Expired()),
    ],
)
def test_synonyms_of_a_state_are_accepted(word: str, state: State) -> None:
    assert parse_status(response(200, {"status": word})) == state


@pytest.mark.parametrize(
    "word", ["FAILED", "failed", "ERROR", "Cancelled", "canceled", "BLOCKED", "timed-out"]
)
def test_a_failed_state_has_many_synonyms(word: str) -> None:
    state = parse_status(response(200, {"status": word, "error": "CUDA out of memory"}))
    assert state == Failed("CUDA out of memory", blocked=word == "BLOCKED")


@pytest.mark.parametrize("parse", [parse_status, parse_result])
def test_a_failed_job_comes_as_422_with_a_normal_body(parse: Callable[[Response], State]) -> None:
    body = {
        "status": "FAILED",
        "error": "No face was found in the source image",
        "metrics": {"inference_time": 1.5, "queue_time": 0.25, "total_time": "1.75"},
    }
    assert parse(response(422, body)) == Failed(
        "No face was found in the source image", blocked=False, metrics=Metrics(1.5, 0.25, 1.75)
    )


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_422_is_a_failure_whatever_its_body(body: bytes) -> None:
    assert isinstance(parse_status(response(422, body)), Failed)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("status", [404, 410])
def test_an_unknown_id_has_expired(status: int, body: bytes) -> None:
    assert parse_status(response(status, body)) == Expired()
    assert parse_result(response(status, body)) == Expired()


@pytest.mark.parametrize("status", [400, 500, 502])
def test_a_documented_final_state_counts_under_other_codes(status: int) -> None:
    assert parse_status(response(status, {"status": "FAILED", "error": "x"})) == Failed("x")
    assert parse_status(response(status, {"status": "COMPLETED"})) == Completed(None)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"status": "error", "message": "bad key"}),
        (401, {"status": "FAILED"}),
        (403, {"status": "FAILED"}),
        (429, {"status": "FAILED"}),
        (500, {"status": "error"}),
        (400, {"status": ["FAILED"]}),
        (502, b""),
        (504, b"<html>"),
        (302, b""),
        (405, b"<html>"),
        (200, b""),
        (200, b"<html>maintenance</html>"),
        (200, {}),
        (200, {"status": None}),
        (200, {"status": 3}),
    ],
)
def test_a_response_without_a_state_is_unavailable(status: int, body: Any) -> None:
    with pytest.raises(Unavailable):
        parse_status(response(status, body))


def test_a_refused_poll_is_not_a_refused_job() -> None:
    with pytest.raises(Unavailable) as rejected:
        parse_status(response(401, {"error": "key revoked"}))
    assert isinstance(rejected.value.cause, KeyRejected)
    assert (rejected.value.detail, rejected.value.transient) == ("key revoked", False)
    with pytest.raises(Unavailable) as limited:
        parse_status(response(429, {"error": "slow down"}))
    assert isinstance(limited.value.cause, RateLimited)
    assert limited.value.transient


def test_a_result_has_its_output_and_its_cost() -> None:
    body = {
        "status": "COMPLETED",
        "error": None,
        "output": URL,
        "metrics": {"inference_time": 9.8, "cost": 0.05, "remaining_credits": 4.95},
    }
    assert parse_result(response(200, body)) == Completed(
        Link(URL), Metrics(inference_time=9.8, cost=0.05, remaining_credits=4.95)
    )


def test_a_status_never_has_an_output() -> None:
    assert parse_status(response(200, {"status": "COMPLETED", "output": URL})) == Completed(None)


def test_an_output_without_a_state_is_a_completed_job() -> None:
    assert parse_result(response(200, {"image": URL})) == Completed(Link(URL))


@pytest.mark.parametrize(
    "output", [None, "", "done", [], {}, {"url": 5}, "ftp://x/y", "data:image/png;base64,"]
)
def test_a_completed_result_without_a_readable_output_is_an_error(output: Any) -> None:
    with pytest.raises(UnreadableResponse):
        parse_result(response(200, {"status": "COMPLETED", "output": output}))


def test_a_result_may_be_the_bytes_themselves() -> None:
    state = parse_result(Response(200, b"\x89PNG", {"content-type": "image/png", "x-cost": "0.05"}))
    assert state == Completed(Inline(b"\x89PNG"), Metrics(cost=0.05))


def test_a_result_may_still_be_processing() -> None:
    assert parse_result(response(200, {"status": "PROCESSING"})) == Processing()


@pytest.mark.parametrize("metrics", [None, "fast", [1], {"queue_time": True}, {"queue_time": "a lot"}])
def test_metrics_that_are_not_numbers_are_ignored(metrics: Any) -> None:
    body = {"status": "COMPLETED", "output": URL, "metrics": metrics}
    assert parse_result(response(200, body)) == Completed(Link(URL), Metrics())


@pytest.mark.parametrize("cost", [True, "a lot", "nan", 10**400, -0.05, "-1", 1e14, [0.05]])
def test_an_implausible_cost_is_left_out_and_named(cost: Any) -> None:
    body = {"status": "COMPLETED", "output": URL, "metrics": {"cost": cost}}
    state = parse_result(response(200, body))
    assert isinstance(state, Completed)
    assert state.metrics.cost is None
    assert state.metrics.implausible_cost == str(cost)[:40]


@pytest.mark.parametrize(
    "detail",
    [
        "Blocked by RAI",
        "rai_filter: image rejected",
        "Responsible AI guidelines",
        "This violates our content policy",
        "NSFW content detected",
        "Safety checker triggered",
        "The request was flagged.",
        "Content moderation: rejected",
        "prohibited content",
        "Sexual content is not allowed",
        "against the terms of service",
        "content_filter",
    ],
)
def test_a_content_refusal_is_recognised_by_its_message(detail: str) -> None:
    assert is_block(detail)


@pytest.mark.parametrize(
    "detail",
    [
        "brain extraction failed",
        "train the model first",
        "unflagged",
        "No face found",
        "CUDA out of memory",
        "timeout while reading the image",
        "foreign key constraint violation",
        "raised an exception",
        "",
    ],
)
def test_a_fault_is_not_a_content_refusal(detail: str) -> None:
    assert not is_block(detail)


def test_a_content_refusal_is_marked_as_blocked() -> None:
    state = parse_status(response(422, {"status": "FAILED", "error": {"message": "Flagged as NSFW"}}))
    assert state == Failed("Flagged as NSFW", blocked=True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["status", "output", "error", "detail", "metrics", "url", "images", "request_id"])
            | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
WORDS = st.sampled_from(["QUEUED", "COMPLETED", "FAILED", "error", "NEW", ""]) | st.text(max_size=8)
BYTES = st.binary(max_size=64) | JSON.map(lambda value: json.dumps(value).encode())


def _state(word: str, output: Any) -> bytes:
    return json.dumps({"output": output, "status": word}).encode()


STATES = st.builds(_state, WORDS, JSON)


@NO_DEADLINE
@given(status=st.integers(100, 599), body=BYTES | STATES, reset=st.text(max_size=30))
def test_parsing_any_response_raises_only_segmind_errors(status: int, body: bytes, reset: str) -> None:
    response = Response(status, body, {RESET_HEADER: reset})
    for parse in (parse_status, parse_result, partial(parse_submit, slug="x")):
        with suppress(SegmindError):
            parse(response)


@NO_DEADLINE
@given(text=st.text(max_size=2000))
def test_a_detail_is_one_short_printable_line(text: str) -> None:
    state = parse_status(response(422, {"status": "FAILED", "error": text}))
    assert isinstance(state, Failed)
    assert len(state.detail) <= MAX_DETAIL
    assert state.detail.isprintable()


@NO_DEADLINE
@given(status=st.integers(200, 599), body=BYTES | STATES)
def test_a_poll_never_raises_refused(status: int, body: bytes) -> None:
    try:
        parse_status(Response(status, body))
    except Refused:
        pytest.fail("a refused poll looks like a refused submission")
    except SegmindError:
        pass


def test_an_inline_output_is_decoded_to_bytes() -> None:
    body = {"status": "COMPLETED", "output": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="}
    state = parse_result(response(200, body))
    assert isinstance(state, Completed)
    assert isinstance(state.output, Inline)
    assert state.output.content.startswith(b"\x89PNG")
    assert "PNG" not in repr(state)


def test_deeply_nested_json_is_rejected() -> None:
    assert Response(200, b"[" * 100_000).json() is None
