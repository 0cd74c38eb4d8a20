"""Segmind's v2 protocol as pure functions: they turn responses into the states of a job, or raise errors."""

import re
from collections.abc import Mapping
from typing import Any

from bot.segmind.errors import (
    OutcomeUnknown,
    Unavailable,
    UnreadableResponse,
)
from bot.segmind.outputs import Inline, output_of
from bot.segmind.responses import (
    FAILED_STATE,
    GONE,
    NOT_FOUND,
    OK,
    REFUSALS,
    Response,
    cost_of,
    fields_of,
    number_of,
    refused,
    unavailable,
)
from bot.segmind.states import (
    Accepted,
    Completed,
    Expired,
    Failed,
    Metrics,
    Processing,
    Queued,
    State,
)

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")

# The four documented words, and synonyms that similar services use.
_QUEUED = frozenset({"QUEUED", "PENDING", "IN_QUEUE", "SUBMITTED", "ACCEPTED", "CREATED"})
_COMPLETED = frozenset({"COMPLETED", "COMPLETE", "SUCCESS", "SUCCEEDED", "FINISHED", "DONE"})
_FAILED = frozenset(
    {"FAILED", "FAILURE", "ERROR", "CANCELLED", "CANCELED", "REJECTED", "BLOCKED", "TIMED_OUT"}
)

# Content blocks "surface as FAILED, not a separate state", so only the wording identifies them.
# The pattern matches whole words: "brain" does not contain "rai", nor "unflagged" "flagged".
_BLOCK = re.compile(
    r"(?<![a-z])(?:rai|responsible[\s_-]ai|(?:content|usage|safety)[\s_-]polic(?:y|ies)|nsfw|safety|unsafe"
    r"|moderat(?:ed|ion)|flagged|prohibited|nudity|sexual(?:ly)?|explicit[\s_-]content|inappropriate"
    r"|disallowed[\s_-]content|content[\s_-](?:block(?:ed)?|filter(?:ed)?|violation)|terms[\s_-]of[\s_-](?:use|service))(?![a-z])",
    re.IGNORECASE,
)


def is_block(detail: str) -> bool:
    """Return whether a failure's message is about the content of the pictures rather than a fault."""
    return _BLOCK.search(detail) is not None


def checked_id(request_id: object) -> str | None:
    """The id, if it is safe in a path: the client builds URLs from it instead of following `status_url`."""
    return request_id if isinstance(request_id, str) and _REQUEST_ID.fullmatch(request_id) else None


# The server has not processed a redirected POST with these codes; after another it may point to the new job.
_UNPROCESSED_REDIRECTS = frozenset({301, 307, 308})


def parse_submit(response: Response, *, slug: str) -> Accepted:
    """Parse the response to the one POST of a job."""
    if response.status in OK:
        if (request_id := checked_id(response.fields().get("request_id"))) is not None:
            return Accepted(request_id)
        raise OutcomeUnknown(f"HTTP {response.status} without a request id")
    if response.status in REFUSALS or response.status in _UNPROCESSED_REDIRECTS:
        raise refused(response, slug=slug)
    raise OutcomeUnknown(response.detail())


def parse_status(response: Response) -> State:
    """Parse the state of a job; COMPLETED comes without its output."""
    state = _state(response)
    return Completed(None, state.metrics) if isinstance(state, Completed) else state


def parse_result(response: Response) -> State:
    """Parse the result of a job; COMPLETED without an output is an error."""
    if response.status in OK and response.headers.get("content-type", "").startswith(("image/", "video/")):
        # v1 responds with the bytes themselves, and v2's documentation does not rule it out.
        return Completed(Inline(response.body), _priced(response.headers.get("x-cost"), {}))
    state = _state(response)
    if isinstance(state, Completed) and state.output is None:
        raise UnreadableResponse("completed without a readable output")
    return state


def _state(response: Response) -> State:
    if response.status in {NOT_FOUND, GONE}:
        return Expired()
    if response.status not in OK and not _is_final(response):
        raise unavailable(response)
    body = response.fields()
    status = _normalize(body.get("status"))
    output = output_of(body) if not status or status in _COMPLETED else None
    if status == "EXPIRED":
        return Expired()
    if status in _FAILED or (response.status == FAILED_STATE and status not in _COMPLETED):
        detail = response.detail()
        return Failed(detail, status == "BLOCKED" or is_block(detail), _metrics(body))
    if status in _COMPLETED or (not status and output is not None):
        return Completed(output, _metrics(body))
    if not status:
        raise Unavailable("the response names no state")
    return Queued() if status in _QUEUED else Processing()


def _is_final(response: Response) -> bool:
    """Return whether a response with an HTTP error carries a state: FAILED comes as 422 with a normal body.

    Like the official SDK, this accepts a documented final state under other codes too, but not a synonym:
    `401 {"status": "error"}` does not end a job.
    """
    if response.status in {401, 403, 429}:
        return False
    return response.status == FAILED_STATE or response.fields().get("status") in ("COMPLETED", "FAILED")


def _normalize(status: object) -> str:
    return re.sub(r"[\s-]+", "_", status.strip().upper()) if isinstance(status, str) else ""


def _metrics(body: Mapping[str, Any]) -> Metrics:
    metrics = fields_of(body.get("metrics"))
    return _priced(metrics.get("cost"), metrics)


def _priced(reported: Any, metrics: Mapping[str, Any]) -> Metrics:
    cost = cost_of(reported)
    return Metrics(
        inference_time=number_of(metrics.get("inference_time")),
        queue_time=number_of(metrics.get("queue_time")),
        total_time=number_of(metrics.get("total_time")),
        cost=cost,
        implausible_cost=None if reported is None or cost is not None else str(reported)[:40],
        remaining_credits=number_of(metrics.get("remaining_credits")),
    )
