"""Reads the state of a job from the text of a reply."""

from collections.abc import Mapping

from bot.jobs.job import State
from tests.discord.records import Message
from tests.discord.rules import components
from tests.discord.user import Reply

# Words that a reply shows for each outcome.
ENDS: Mapping[State, tuple[str, ...]] = {
    State.DONE: ("Completed",),
    State.FAILED: ("Failed", "Refused", "Not possible right now", "Lost on the way"),
    State.BLOCKED: ("Blocked",),
    State.EXPIRED: ("Expired",),
    State.CANCELLED: ("Cancelled",),
}
STAGES = ("Waiting in line", "Trying again", "Queued", "Processing", "Checking")


def shows(reply: Reply, state: State) -> bool:
    """Whether the reply shows the outcome of a job in this state."""
    return any(f"· {word}" in reply.text for word in ENDS.get(state, ()))


def ended(reply: Reply) -> bool:
    """Whether the reply shows an outcome or a rejection, or was deleted for a private rejection."""
    return reply.deleted or (bool(reply.text) and not shows_stage(reply.text))


def rejected(reply: Reply) -> bool:
    """Whether the reply ends without ever having been a job."""
    return ended(reply) and not any(shows(reply, state) for state in ENDS)


def was_accepted(reply: Reply) -> bool:
    """Whether the member ever saw that the order became a job."""
    words = [*STAGES, *(word for words in ENDS.values() for word in words)]
    return any(f"· {word}" in text for text in reply.texts for word in words)


def shows_outcome(text: str) -> bool:
    return any(f"· {word}" in text for words in ENDS.values() for word in words)


def shows_stage(text: str) -> bool:
    return any(f"· {word}" in text for word in STAGES)


def job_buttons(message: Message) -> Mapping[str, str]:
    """Return the custom ids of a message's buttons for a job, by action."""
    ids = [str(each.get("custom_id", "")).split(":") for each in components(message.components)]
    return {each[1]: ":".join(each) for each in ids if each[0] == "job"}
