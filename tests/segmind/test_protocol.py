"""What the answers to a submission, a status and a result mean, code by code and form by form."""

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.segmind.protocol import (
    MAX_DETAIL,
    RESET_HEADER,
    Accepted,
    BadParameters,
    Completed,
    Expired,
    Failed,
    Inline,
    KeyRejected,
    Link,
    Metrics,
    ModelUnavailable,
    OutcomeUnknown,
    OutOfCredits,
    Processing,
    Queued,
    RateLimited,
    Refused,
    Response,
    SegmindError,
    State,
    Unavailable,
    UnreadableResponse,
    decipher_result,
    decipher_status,
    decipher_submit,
    is_block,
)
from tests.segmind.conftest import UNHURRIED

URL = "https://images.segmind.com/output/one.png"
BODIES = {
    "json": b'{"error": "said why"}',
    "html": b"<html><body><h1>Not Allowed</h1></body></html>",
    "empty": b"",
    "text": b"said why",
    "truncated": b'{"error": "sai',
    "list": b"[1, 2]",
    "null": b"null",
    "not text": b"\xff\xfe\x00",
}


def answer(status: int, body: Any) -> Response:
    return Response(status, body if isinstance(body, bytes) else json.dumps(body).encode())


def submit(status: int, body: Any) -> Accepted:
    return decipher_submit(answer(status, body), slug="faceswap-v5")


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
        (451, Refused),
    ],
)
def test_what_was_refused_was_not_taken_whatever_the_body_is(
    status: int, kind: type[SegmindError], body: bytes
) -> None:
    with pytest.raises(Refused) as caught:
        submit(status, body)
    assert type(caught.value) is kind
    assert caught.value.detail
    assert "<" not in caught.value.detail


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("status", [200, 202, 204, 302, 303, 500, 502, 503, 504, 520])
def test_any_other_answer_leaves_the_outcome_unknown(status: int, body: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        submit(status, body)


@pytest.mark.parametrize("request_id", ["", "a/b", "../x", "a b", "ü", "a" * 129, None, 7, ["a"], "a\n"])
def test_an_id_that_cannot_stand_in_a_path_is_not_believed(request_id: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        submit(200, {"request_id": request_id})


def test_a_refusal_tells_which_model_and_when_the_limit_ends() -> None:
    with pytest.raises(ModelUnavailable) as unknown:
        submit(404, {"error": "no such model"})
    assert (unknown.value.slug, unknown.value.detail) == ("faceswap-v5", "no such model")
    with pytest.raises(RateLimited) as limited:
        decipher_submit(Response(429, b"", {RESET_HEADER: "1767225600"}), slug="x")
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
def test_a_status_word_is_read_liberally(word: str, state: State) -> None:
    assert decipher_status(answer(200, {"status": word})) == state


@pytest.mark.parametrize(
    "word", ["FAILED", "failed", "ERROR", "Cancelled", "canceled", "BLOCKED", "timed-out"]
)
def test_a_failure_has_many_words(word: str) -> None:
    state = decipher_status(answer(200, {"status": word, "error": "CUDA out of memory"}))
    assert state == Failed("CUDA out of memory", blocked=word == "BLOCKED")


@pytest.mark.parametrize("decipher", [decipher_status, decipher_result])
def test_failed_is_served_as_422_with_a_normal_body(decipher: Callable[[Response], State]) -> None:
    body = {
        "status": "FAILED",
        "error": "No face was found in the source image",
        "metrics": {"inference_time": 1.5, "queue_time": 0.25, "total_time": "1.75"},
    }
    assert decipher(answer(422, body)) == Failed(
        "No face was found in the source image", blocked=False, metrics=Metrics(1.5, 0.25, 1.75)
    )


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_422_is_a_failure_even_without_its_body(body: bytes) -> None:
    assert isinstance(decipher_status(answer(422, body)), Failed)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("status", [404, 410])
def test_an_id_that_is_not_known_has_expired(status: int, body: bytes) -> None:
    assert decipher_status(answer(status, body)) == Expired()
    assert decipher_result(answer(status, body)) == Expired()


@pytest.mark.parametrize("status", [400, 500, 502])
def test_a_documented_final_word_is_believed_under_other_codes(status: int) -> None:
    assert decipher_status(answer(status, {"status": "FAILED", "error": "x"})) == Failed("x")
    assert decipher_status(answer(status, {"status": "COMPLETED"})) == Completed(None)


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
def test_an_answer_that_is_no_state_is_never_taken_for_one(status: int, body: Any) -> None:
    with pytest.raises(Unavailable):
        decipher_status(answer(status, body))


def test_a_refused_look_is_no_refused_job() -> None:
    with pytest.raises(Unavailable) as rejected:
        decipher_status(answer(401, {"error": "key revoked"}))
    assert isinstance(rejected.value.cause, KeyRejected)
    assert (rejected.value.detail, rejected.value.passing) == ("key revoked", False)
    with pytest.raises(Unavailable) as limited:
        decipher_status(answer(429, {"error": "slow down"}))
    assert isinstance(limited.value.cause, RateLimited)
    assert limited.value.passing


def test_a_result_carries_its_output_and_what_it_cost() -> None:
    body = {
        "status": "COMPLETED",
        "error": None,
        "output": URL,
        "metrics": {"inference_time": 9.8, "cost": 0.05, "remaining_credits": 4.95},
    }
    assert decipher_result(answer(200, body)) == Completed(
        Link(URL), Metrics(inference_time=9.8, cost=0.05, remaining_credits=4.95)
    )


def test_a_status_never_brings_an_output() -> None:
    assert decipher_status(answer(200, {"status": "COMPLETED", "output": URL})) == Completed(None)


def test_an_output_without_a_status_word_is_a_completion() -> None:
    assert decipher_result(answer(200, {"image": URL})) == Completed(Link(URL))


@pytest.mark.parametrize(
    "output", [None, "", "done", [], {}, {"url": 5}, "ftp://x/y", "data:image/png;base64,"]
)
def test_a_completion_without_a_readable_output_is_an_error(output: Any) -> None:
    with pytest.raises(UnreadableResponse):
        decipher_result(answer(200, {"status": "COMPLETED", "output": output}))


def test_a_result_may_be_the_bytes_themselves() -> None:
    state = decipher_result(Response(200, b"\x89PNG", {"content-type": "image/png", "x-cost": "0.05"}))
    assert state == Completed(Inline(b"\x89PNG"), Metrics(cost=0.05))


def test_a_result_may_still_be_on_its_way() -> None:
    assert decipher_result(answer(200, {"status": "PROCESSING"})) == Processing()


@pytest.mark.parametrize(
    "told", [None, "fast", [1], {"cost": True}, {"cost": "a lot"}, {"cost": "nan"}, {"cost": 10**400}]
)
def test_metrics_that_are_no_numbers_are_left_out(told: Any) -> None:
    body = {"status": "COMPLETED", "output": URL, "metrics": told}
    assert decipher_result(answer(200, body)) == Completed(Link(URL), Metrics())


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
def test_a_block_is_recognised_by_its_words(detail: str) -> None:
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
def test_a_fault_is_not_taken_for_a_block(detail: str) -> None:
    assert not is_block(detail)


def test_a_blocked_failure_says_so() -> None:
    state = decipher_status(answer(422, {"status": "FAILED", "error": {"message": "Flagged as NSFW"}}))
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


@UNHURRIED
@given(status=st.integers(100, 599), body=BYTES | STATES, reset=st.text(max_size=30))
def test_no_answer_leads_out_of_the_tree(status: int, body: bytes, reset: str) -> None:
    whole = Response(status, body, {RESET_HEADER: reset})
    for decipher in (decipher_status, decipher_result, partial(decipher_submit, slug="x")):
        with suppress(SegmindError):
            decipher(whole)


@UNHURRIED
@given(text=st.text(max_size=2000))
def test_no_detail_is_long_or_leaves_its_line(text: str) -> None:
    state = decipher_status(answer(422, {"status": "FAILED", "error": text}))
    assert isinstance(state, Failed)
    assert len(state.detail) <= MAX_DETAIL
    assert state.detail.isprintable()


@UNHURRIED
@given(status=st.integers(200, 599), body=BYTES | STATES)
def test_no_look_is_ever_a_refusal(status: int, body: bytes) -> None:
    try:
        decipher_status(Response(status, body))
    except Refused:
        pytest.fail("a look was taken for a refused submission")
    except SegmindError:
        pass


def test_an_inline_output_is_handed_over_as_bytes() -> None:
    body = {"status": "COMPLETED", "output": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="}
    state = decipher_result(answer(200, body))
    assert isinstance(state, Completed)
    assert isinstance(state.output, Inline)
    assert state.output.content.startswith(b"\x89PNG")
    assert "PNG" not in repr(state)


def test_json_that_is_nested_without_end_is_no_json() -> None:
    assert Response(200, b"[" * 100_000).json() is None
