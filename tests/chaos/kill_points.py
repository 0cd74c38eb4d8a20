"""Points in a job's life where a process is killed: just before or after each durable step."""

from enum import StrEnum


class KillPoint(StrEnum):
    """Points where a process can be killed."""

    RECEIVED = "received"
    """The order was validated, and nothing is durable."""
    OPENED = "opened"
    """Job and hold are durable."""
    COMMITTING = "committing"
    """The changes are written to the database, but not committed."""
    SUBMITTING = "submitting"
    """SUBMITTING is durable, and nothing was sent."""
    SENT = "sent"
    """Segmind accepted the request but has not answered. The local Segmind triggers this kill."""
    ANSWERED = "answered"
    """Segmind's response has arrived, but is not durable."""
    SUBMITTED = "submitted"
    UNKNOWN = "unknown"
    READY = "ready"
    FETCHED = "fetched"
    """The result is downloaded, but the hold is not captured."""
    DONE = "done"
    """The hold is captured, and the result is not shown."""
    RELEASED = "released"
    """The job failed, was blocked or expired; the hold is released, and nothing is shown."""
    SHOWN = "shown"
    """The message shows the outcome, and the job is still open."""
    TOLD = "told"


# Only some jobs reach these points, so a kill there does not wait for a late occurrence.
RARE = frozenset({KillPoint.UNKNOWN, KillPoint.RELEASED})
