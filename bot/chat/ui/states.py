"""Name and icon of each state of a job, the same on cards, in lists and in logs."""

from collections.abc import Mapping
from enum import StrEnum

from bot.chat.text import Text
from bot.jobs.job import Reason, State


class JobState(StrEnum):
    """State of a job as people read it."""

    WAITING = "waiting"
    NEXT = "next"
    PAUSED = "paused"
    RETRYING = "retrying"
    SENDING = "sending"
    QUEUED = "queued"
    PROCESSING = "processing"
    FETCHING = "fetching"
    CHECKING = "checking"
    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    LOST = "lost"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    AWAITED = "awaited"
    WITHHELD = "withheld"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    FILTERED = "filtered"
    UNSHARED = "unshared"

    @property
    def icon(self) -> str:
        return _ICONS[self]

    def words(self, text: Text) -> str:
        return text(f"state.{self}")

    def label(self, text: Text) -> str:
        """Icon and words, for lists."""
        return f"{self.icon} {self.words(text)}"


# Discord draws some signs, such as ✖️, in a dark grey that its dark theme swallows.
_ICONS: Mapping[JobState, str] = {
    JobState.WAITING: "⏳",
    JobState.NEXT: "⏭️",
    JobState.PAUSED: "⏸️",
    JobState.RETRYING: "🔄",
    JobState.SENDING: "📤",
    JobState.QUEUED: "📨",
    JobState.PROCESSING: "⚙️",
    JobState.FETCHING: "📥",
    JobState.CHECKING: "🔎",
    JobState.DONE: "✅",
    JobState.FAILED: "❌",
    JobState.BLOCKED: "⛔",
    JobState.REFUSED: "⚠️",
    JobState.UNAVAILABLE: "🔌",
    JobState.LOST: "❓",
    JobState.EXPIRED: "⏰",
    JobState.CANCELLED: "⏹️",
    JobState.AWAITED: "🛡️",
    JobState.WITHHELD: "🙈",
    JobState.REJECTED: "👎",
    JobState.LAPSED: "⌛",
    JobState.FILTERED: "🚫",
    JobState.UNSHARED: "🔒",
}

_BY_STATE: Mapping[State, JobState] = {
    State.HELD: JobState.WAITING,
    State.SUBMITTING: JobState.SENDING,
    State.UNKNOWN: JobState.CHECKING,
    State.SUBMITTED: JobState.PROCESSING,
    State.READY: JobState.FETCHING,
    State.DONE: JobState.DONE,
    State.FAILED: JobState.FAILED,
    State.BLOCKED: JobState.BLOCKED,
    State.EXPIRED: JobState.EXPIRED,
    State.CANCELLED: JobState.CANCELLED,
}
_BY_REASON: Mapping[Reason, JobState] = {
    Reason.PARAMETERS: JobState.REFUSED,
    Reason.SERVICE: JobState.UNAVAILABLE,
    Reason.UNREACHABLE: JobState.UNAVAILABLE,
    Reason.NOT_FOUND: JobState.LOST,
    Reason.FORGOTTEN: JobState.LOST,
    Reason.WITHHELD: JobState.WITHHELD,
    Reason.AWAITED: JobState.AWAITED,
    Reason.UNHEARD: JobState.AWAITED,
    Reason.REJECTED: JobState.REJECTED,
    Reason.LAPSED: JobState.LAPSED,
    Reason.FILTERED: JobState.FILTERED,
    Reason.UNSHARED: JobState.UNSHARED,
}


def state_of(state: State, reason: Reason | None = None) -> JobState:
    """The state that people read: the reason of an end says more than the end itself."""
    if reason is not None and state in {State.DONE, State.FAILED}:
        return _BY_REASON.get(reason, _BY_STATE[state])
    return _BY_STATE[state]
