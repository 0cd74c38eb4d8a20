"""What a member reads from a reply: whether it is at its end, and at which."""

from collections.abc import Mapping

from bot.jobs.job import State
from tests.discord.user import Reply

# What each end is called, whatever else is said of it.
ENDS: Mapping[State, tuple[str, ...]] = {
    State.DONE: ("Completed",),
    State.FAILED: ("Failed", "Refused", "Not possible right now", "Lost on the way"),
    State.BLOCKED: ("Blocked",),
    State.EXPIRED: ("Expired",),
    State.CANCELLED: ("Cancelled",),
}
STAGES = ("Waiting in line", "Trying again", "Queued", "Processing", "Checking")


def shows(reply: Reply, state: State) -> bool:
    """Whether the last word of the message is the end of a job in this state."""
    return any(f"**{word}" in reply.text for word in ENDS.get(state, ()))


def ended(reply: Reply) -> bool:
    return bool(reply.text) and not any(f"**{word}" in reply.text for word in STAGES)


def refused(reply: Reply) -> bool:
    """An end that is none of a job's: there never was one."""
    return ended(reply) and not any(shows(reply, state) for state in ENDS)


def was_taken(reply: Reply) -> bool:
    """Whether the member ever saw that their order is a job."""
    words = [*STAGES, *(word for words in ENDS.values() for word in words)]
    return any(f"**{word}" in text for text in reply.texts for word in words)
