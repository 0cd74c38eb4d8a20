"""Segmind's v2 as pure functions: what to send, and what an answer means.

    SegmindError
    ├── Refused               nothing was taken: a hold can be released at once
    │   ├── BadParameters     400, 422
    │   ├── KeyRejected       401, 403
    │   ├── OutOfCredits      402, 406
    │   ├── ModelUnavailable  404, 410
    │   ├── RateLimited       429
    │   └── Unreachable       no connection: nothing was sent
    ├── OutcomeUnknown        a submission that may or may not have been taken
    ├── Unavailable           a question that stayed without an answer after its retries
    ├── UnreadableAnswer      an answer that makes no sense
    └── DownloadError         DownloadRefused, DownloadFailed, TooLargeDownload

The tree is told in full in `errors`; this module is the one to import from.
"""

import re
from collections.abc import Mapping
from typing import Any

from bot.segmind.account import Balance, ListedModel
from bot.segmind.errors import (
    MAX_DETAIL,
    BadParameters,
    DownloadError,
    DownloadFailed,
    DownloadRefused,
    KeyRejected,
    ModelUnavailable,
    OutcomeUnknown,
    OutOfCredits,
    RateLimited,
    Refused,
    SegmindError,
    TooLargeDownload,
    Unavailable,
    Unreachable,
    UnreadableResponse,
)
from bot.segmind.history import Found
from bot.segmind.outputs import Inline, Link, Output, output_of
from bot.segmind.responses import (
    CLIENT_ERRORS,
    FAILED_STATE,
    GONE,
    NOT_FOUND,
    OK,
    RESET_HEADER,
    Response,
    fields_of,
    number_of,
    refusal,
    unavailable,
)
from bot.segmind.states import Accepted, Completed, Expired, Failed, Metrics, Processing, Queued, State

__all__ = [
    "MAX_DETAIL",
    "RESET_HEADER",
    "Accepted",
    "BadParameters",
    "Balance",
    "Completed",
    "DownloadError",
    "DownloadFailed",
    "DownloadRefused",
    "Expired",
    "Failed",
    "Found",
    "Inline",
    "KeyRejected",
    "Link",
    "ListedModel",
    "Metrics",
    "ModelUnavailable",
    "OutOfCredits",
    "OutcomeUnknown",
    "Output",
    "Processing",
    "Queued",
    "RateLimited",
    "Refused",
    "Response",
    "SegmindError",
    "State",
    "TooLargeDownload",
    "Unavailable",
    "Unreachable",
    "UnreadableResponse",
    "decipher_result",
    "decipher_status",
    "decipher_submit",
    "is_block",
]


_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")

# The four documented words, and those that similar services use for the same.
_QUEUED = frozenset({"QUEUED", "PENDING", "IN_QUEUE", "SUBMITTED", "ACCEPTED", "CREATED"})
_COMPLETED = frozenset({"COMPLETED", "COMPLETE", "SUCCESS", "SUCCEEDED", "FINISHED", "DONE"})
_FAILED = frozenset(
    {"FAILED", "FAILURE", "ERROR", "CANCELLED", "CANCELED", "REJECTED", "BLOCKED", "TIMED_OUT"}
)

# Content blocks "surface as FAILED, not a separate state", so the wording is all there is to know them by.
# On word boundaries: "brain" is no "rai", and "unflagged" is not "flagged".
_BLOCK = re.compile(
    r"(?<![a-z])(?:rai|responsible[\s_-]ai|(?:content|usage|safety)[\s_-]polic(?:y|ies)|nsfw|safety|unsafe"
    r"|moderat(?:ed|ion)|flagged|prohibited|nudity|sexual(?:ly)?|explicit[\s_-]content|inappropriate"
    r"|disallowed[\s_-]content|content[\s_-](?:block(?:ed)?|filter(?:ed)?|violation)|terms[\s_-]of[\s_-](?:use|service))(?![a-z])",
    re.IGNORECASE,
)


def is_block(detail: str) -> bool:
    """Whether a failure's words speak of what the pictures show, not of a fault."""
    return _BLOCK.search(detail) is not None


def checked_id(request_id: object) -> str | None:
    """The id, if it can stand in a path: addresses are built from it, and `status_url` is not followed."""
    return request_id if isinstance(request_id, str) and _REQUEST_ID.fullmatch(request_id) else None


# A redirect that keeps the method was not carried out yet; any other may be the way to what was made.
_MOVED = frozenset({301, 307, 308})


def decipher_submit(answer: Response, *, slug: str) -> Accepted:
    """The answer to the one POST of a job."""
    if answer.status in OK:
        if (request_id := checked_id(answer.fields().get("request_id"))) is not None:
            return Accepted(request_id)
        raise OutcomeUnknown(f"HTTP {answer.status} without a request id")
    if answer.status in CLIENT_ERRORS or answer.status in _MOVED:
        raise refusal(answer, slug=slug)
    raise OutcomeUnknown(answer.detail())


def decipher_status(answer: Response) -> State:
    """Where a job is. COMPLETED comes without its output here."""
    state = _state(answer)
    return Completed(None, state.metrics) if isinstance(state, Completed) else state


def decipher_result(answer: Response) -> State:
    """What became of a job. COMPLETED without an output is an error."""
    if answer.status in OK and answer.headers.get("content-type", "").startswith(("image/", "video/")):
        # v1 answers with the bytes themselves; nobody says that v2 never does.
        return Completed(Inline(answer.body), Metrics(cost=number_of(answer.headers.get("x-cost"))))
    state = _state(answer)
    if isinstance(state, Completed) and state.output is None:
        raise UnreadableResponse("completed, with no output that could be read")
    return state


def _state(answer: Response) -> State:
    if answer.status in {NOT_FOUND, GONE}:
        return Expired()
    if answer.status not in OK and not _is_final(answer):
        raise unavailable(answer)
    body = answer.fields()
    word, output = _word(body.get("status")), output_of(body)
    if word == "EXPIRED":
        return Expired()
    if word in _FAILED or (answer.status == FAILED_STATE and word not in _COMPLETED):
        detail = answer.detail()
        return Failed(detail, word == "BLOCKED" or is_block(detail), _metrics(body))
    if word in _COMPLETED or (not word and output is not None):
        return Completed(output, _metrics(body))
    if not word:
        raise Unavailable("the answer names no state")
    return Queued() if word in _QUEUED else Processing()


def _is_final(answer: Response) -> bool:
    """Whether a code other than 2xx still carries a state: FAILED is served as 422 with a normal body.

    As the official SDK does, a documented final word is believed under other codes too. It must be that very
    word: `401 {"status": "error"}` is no job's end.
    """
    if answer.status in {401, 403, 429}:
        return False
    return answer.status == FAILED_STATE or answer.fields().get("status") in ("COMPLETED", "FAILED")


def _word(status: object) -> str:
    return re.sub(r"[\s-]+", "_", status.strip().upper()) if isinstance(status, str) else ""


def _metrics(body: Mapping[str, Any]) -> Metrics:
    told = fields_of(body.get("metrics"))
    return Metrics(
        inference_time=number_of(told.get("inference_time")),
        queue_time=number_of(told.get("queue_time")),
        total_time=number_of(told.get("total_time")),
        cost=number_of(told.get("cost")),
        remaining_credits=number_of(told.get("remaining_credits")),
    )
