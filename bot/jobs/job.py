"""Job: the order, the message that shows it, and the states that it passes through."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypedDict, Unpack


class State(StrEnum):
    """Step of a job between order and settlement."""

    HELD = "HELD"
    """Ordered, with its price held; waits in the queue."""
    SUBMITTING = "SUBMITTING"
    """About to be submitted. Written before the request, so that no crash can submit it twice."""
    UNKNOWN = "UNKNOWN"
    """Submitted with an unknown outcome. Searched for in the history, never submitted again."""
    SUBMITTED = "SUBMITTED"
    """Segmind has accepted it: queued or processing."""
    READY = "READY"
    """The result exists at Segmind."""
    DONE = "DONE"
    """The result was fetched and the hold captured."""
    FAILED = "FAILED"
    BLOCKED = "BLOCKED"
    """Segmind's content rules refused it."""
    EXPIRED = "EXPIRED"
    """Segmind forgot the request before the poller saw its result."""
    CANCELLED = "CANCELLED"

    @property
    def settled(self) -> bool:
        return not NEXT[self]


NEXT: Mapping[State, frozenset[State]] = {
    State.HELD: frozenset({State.SUBMITTING, State.FAILED, State.CANCELLED}),
    # Back to HELD only where Segmind certainly accepted nothing: a rate limit, or no connection.
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
    """Reason why a job has no result, or why its member does not see it. `bot.chat` words them."""

    SEGMIND = "segmind"
    """Segmind ran the job and failed; the detail is Segmind's own text."""
    PARAMETERS = "parameters"
    """Segmind refused the parameters."""
    SERVICE = "service"
    """The operator's key, balance or model: nothing that a member can change."""
    UNREACHABLE = "unreachable"
    NOT_FOUND = "not found"
    """Submitted with an unknown outcome, and never found in Segmind's history."""
    FORGOTTEN = "forgotten"
    """The database no longer has the job: it was restored or failed over, and lost its last seconds."""
    RESULT = "result"
    """Segmind made a result, and it could not be fetched."""
    WITHHELD = "withheld"
    """Paid, and not shown any more, because it was removed."""
    AWAITED = "awaited"
    """Paid, and shown once a moderator has approved it."""
    UNHEARD = "unheard"
    """The same, while no moderator can be asked."""
    REJECTED = "rejected"
    """A moderator rejected the result, so the job was refunded."""
    LAPSED = "lapsed"
    """No moderator decided while the result existed, so the job was refunded."""
    FILTERED = "filtered"
    """Stopped by the bot's own checks before anybody saw the result, so the job was refunded."""
    UNSHARED = "unshared"
    """The member whose avatar was used withdrew their consent meanwhile, so the job was refunded."""

    @property
    def waits(self) -> bool:
        """Return whether the result waits for a moderator's decision."""
        return self in {Reason.AWAITED, Reason.UNHEARD}

    @property
    def is_refunded(self) -> bool:
        """Return whether a job with this reason was paid, and has been refunded since."""
        return self in {Reason.REJECTED, Reason.LAPSED, Reason.FILTERED, Reason.UNSHARED}

    @property
    def keeps_back(self) -> bool:
        """Return whether there is a result that its member does not see, or not yet."""
        return self.waits or self.is_refunded or self is Reason.WITHHELD


SHORT_ID = 8
"""Length of a short id."""


def short_id(job_id: str) -> str:
    """Return the end of an id, which people read and type: its beginning is only the time of the order."""
    return job_id[-SHORT_ID:]


@dataclass(frozen=True, slots=True)
class Place:
    """Message that shows a job, with the token that allows editing it for a while."""

    user_id: int
    channel_id: int
    message_id: int
    application_id: int
    token: str
    token_until: float
    guild_id: int | None = None
    locale: str = "en-US"
    upload_limit: int = 10 * 2**20
    """Largest file that may be uploaded there, in bytes."""
    hidden: bool = False
    """True if the member alone sees the message (an ephemeral one)."""
    spoiler: bool = False
    """True if the pictures are covered by a spoiler."""
    direct: bool = False
    """True if the result goes to the member as a direct message, and this message only says so."""
    gif_loops: int | None = None
    """Number of times that a video is played as a GIF, 0 for ever; None if it stays a video."""

    def __repr__(self) -> str:
        # Anybody with the token can edit the message, so it must not appear in logs.
        return f"Place(user_id={self.user_id}, channel_id={self.channel_id}, message_id={self.message_id})"


class JobChanges(TypedDict, total=False):
    """Fields of a job that may change together with its state."""

    request_id: str
    submitted_at: float
    output: str | None
    cost: float | None
    reason: Reason | None
    detail: str
    settled_at: float


@dataclass(frozen=True, slots=True)
class Job:
    """One paid request, from order to delivery."""

    id: str
    slug: str
    body: Mapping[str, Any]
    """Body of the request; its first URL carries the nonce."""
    account: str
    price: int
    expected: float
    """Expected charge by Segmind, in US dollars."""
    place: Place
    created_at: float
    nonce: str = field(repr=False)
    """Secret that identifies the request in Segmind's history; the id is no secret, as buttons carry it."""
    state: State = State.HELD
    video_seconds: float | None = None
    avatar_of: int | None = None
    """Member whose avatar is the face; 0 once they deleted their data."""
    agreed: bool = False
    """True for a saved face of the member's own, or an avatar that its member shares."""
    doubtful: bool = False
    """True if the safety gate is in doubt about a file, so that a moderator has to approve the result."""
    submitted_at: float | None = None
    request_id: str | None = None
    output: str | None = None
    """URL of the result; none where Segmind put the result into its response."""
    cost: float | None = None
    """Charge by Segmind, in US dollars."""
    reason: Reason | None = None
    detail: str | None = None
    settled_at: float | None = None
    told: bool = False
    """True if delivery is over: the member was shown the end, or cannot be reached."""
    delivery: str | None = None
    """Route of the delivery, a `Delivery`."""
    subsidy: int = 0
    """Credits that the server pays on top of the price, in an event."""
    event: int | None = None
    cancel_requested: bool = False
    """True if its member pressed Cancel while another process owned it; its owner cancels it."""
    batch: str | None = None
    """Id of the first job of the batch, if several jobs were ordered at once; they share a place."""

    @property
    def is_kept_back(self) -> bool:
        """Return whether its result exists and its member does not see it, or not yet."""
        return self.reason is not None and self.reason.keeps_back

    @property
    def is_adopted(self) -> bool:
        """Return whether this process took the job over, so that another one may have worked on it before."""
        return False

    def to(self, state: State, **changes: Unpack[JobChanges]) -> "Job":
        """Return the job in its next state; raise `ValueError` where no transition leads there."""
        if state not in NEXT[self.state]:
            raise ValueError(f"a job does not go from {self.state} to {state}")
        return replace(self, state=state, **changes)
