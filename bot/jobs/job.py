"""A job: what was ordered, where it is answered, and the states that it may pass through."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypedDict, Unpack


class State(StrEnum):
    HELD = "HELD"
    """Ordered and paid for by a hold; waits in the line."""
    SUBMITTING = "SUBMITTING"
    """About to be sent. Written before the request, so that a crash cannot send it twice."""
    UNKNOWN = "UNKNOWN"
    """Sent, but no one knows whether it arrived. Looked up, never sent again."""
    SUBMITTED = "SUBMITTED"
    """Segmind has it: queued or processing."""
    READY = "READY"
    """The result exists at Segmind."""
    DONE = "DONE"
    """The result is in hand, and paid."""
    FAILED = "FAILED"
    BLOCKED = "BLOCKED"
    """Refused by Segmind's content rules."""
    EXPIRED = "EXPIRED"
    """Segmind forgot the request before its result was seen."""
    CANCELLED = "CANCELLED"

    @property
    def settled(self) -> bool:
        return not NEXT[self]


NEXT: Mapping[State, frozenset[State]] = {
    State.HELD: frozenset({State.SUBMITTING, State.FAILED, State.CANCELLED}),
    # Back to HELD only where Segmind surely took nothing: a rate limit, or no connection at all.
    State.SUBMITTING: frozenset({State.SUBMITTED, State.UNKNOWN, State.HELD, State.FAILED}),
    State.UNKNOWN: frozenset({State.SUBMITTED, State.FAILED}),
    State.SUBMITTED: frozenset({State.READY, State.FAILED, State.BLOCKED, State.EXPIRED}),
    State.READY: frozenset({State.DONE, State.FAILED, State.EXPIRED}),
    State.DONE: frozenset(),
    State.FAILED: frozenset(),
    State.BLOCKED: frozenset(),
    State.EXPIRED: frozenset(),
    State.CANCELLED: frozenset(),
}


class Reason(StrEnum):
    """Why a job came to nothing. The sentences for members stand in `chat`."""

    SEGMIND = "segmind"
    """Segmind ran it and failed; the detail is its own."""
    PARAMETERS = "parameters"
    """Segmind refused the order itself."""
    SERVICE = "service"
    """The operator's key, balance or model: nothing that a member could mend."""
    UNREACHABLE = "unreachable"
    NOT_FOUND = "not found"
    """Sent with an unknown outcome, and never seen in Segmind's history."""
    RESULT = "result"
    """Segmind made a result that could not be fetched."""
    WITHHELD = "withheld"
    """Made and paid, and like something that moderators do not want to see again."""
    AWAITED = "awaited"
    """Made and paid, and shown once a moderator has looked at it."""
    UNHEARD = "unheard"
    """The same, and moderators cannot be told of it for now."""
    REJECTED = "rejected"
    """Made, looked at by a moderator, and given back instead of shown."""
    LAPSED = "lapsed"
    """Made, and given back, as nobody looked at it for as long as there was something to look at."""

    @property
    def waits(self) -> bool:
        return self in {Reason.AWAITED, Reason.UNHEARD}

    @property
    def is_refunded(self) -> bool:
        """Whether a job with this reason was paid, and has been refunded since."""
        return self in {Reason.REJECTED, Reason.LAPSED}

    @property
    def keeps_back(self) -> bool:
        """Whether there is a result that is not shown."""
        return self.waits or self.is_refunded or self is Reason.WITHHELD


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job is answered: a message, and the key with which it may be edited for a while."""

    user_id: int
    channel_id: int
    message_id: int
    application_id: int
    token: str
    token_until: float
    guild_id: int | None = None
    locale: str = "en-US"
    upload_limit: int = 10 * 2**20
    """The bytes that one file may have there."""
    hidden: bool = False
    """Whether the requester alone sees the message."""
    spoiler: bool = False
    """Whether the pictures stay covered until somebody clicks on them."""
    direct: bool = False
    """Whether the result goes to the requester in private, and the message only says that it is done."""

    def __repr__(self) -> str:
        # The token is a key to the message; it must not be found in logs.
        return f"Place(user_id={self.user_id}, channel_id={self.channel_id}, message_id={self.message_id})"


class JobChanges(TypedDict, total=False):
    """What may become known of a job as it moves."""

    request_id: str
    submitted_at: float
    output: str | None
    cost: float | None
    reason: Reason | None
    detail: str
    settled_at: float


@dataclass(frozen=True, slots=True)
class Job:
    id: str
    slug: str
    body: Mapping[str, Any]
    """The request as it goes over the wire; its first address carries the job's id as a nonce."""
    account: str
    price: int
    expected: float
    """What Segmind will presumably charge, in US dollars."""
    place: Place
    created_at: float
    state: State = State.HELD
    video_seconds: float | None = None
    submitted_at: float | None = None
    request_id: str | None = None
    output: str | None = None
    """The address of the result; none where Segmind put the result into its answer."""
    cost: float | None = None
    """What Segmind charged, in US dollars."""
    reason: Reason | None = None
    detail: str | None = None
    settled_at: float | None = None
    told: bool = False
    """Whether the member has seen the end, or can no longer be reached."""
    delivery: str | None = None
    """How the end reached its member."""

    @property
    def is_kept_back(self) -> bool:
        """Whether its result is there, and nobody may see it, or not yet."""
        return self.reason is not None and self.reason.keeps_back

    def to(self, state: State, **facts: Unpack[JobChanges]) -> "Job":
        if state not in NEXT[self.state]:
            raise ValueError(f"a job does not go from {self.state} to {state}")
        return replace(self, state=state, **facts)
