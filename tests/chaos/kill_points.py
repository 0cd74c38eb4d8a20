"""The points of a job's life at which a process is killed: just before or just after each durable step."""

from enum import StrEnum


class Point(StrEnum):
    ASKED = "asked"
    """The order was looked at and nothing of it is durable."""
    OPENED = "opened"
    """Job and hold are durable."""
    COMMITTING = "committing"
    """Everything is written to the database, and nothing is committed."""
    SUBMITTING = "submitting"
    """SUBMITTING is durable and nothing was sent."""
    SENT = "sent"
    """Segmind has accepted the request and has not answered. Struck from outside, by Segmind."""
    ANSWERED = "answered"
    """Segmind's answer is here, and no record of it."""
    SUBMITTED = "submitted"
    UNKNOWN = "unknown"
    READY = "ready"
    FETCHED = "fetched"
    """The result is in hand, and not paid."""
    DONE = "done"
    """Paid, and not shown."""
    RELEASED = "released"
    """Failed, blocked or lost on the way; the hold is released, and nothing is shown of it."""
    SHOWN = "shown"
    """The message shows the end, and the job is still open."""
    TOLD = "told"


# Steps that only some jobs take, so a process need not wait for the tenth of them.
SELDOM = frozenset({Point.UNKNOWN, Point.RELEASED})
