"""Checks of everything that the bot wrote: extra messages, and results overwritten by stages (pure)."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tests.chaos.orders import PlacedOrder
from tests.chaos.reply_states import job_buttons, shows_outcome, shows_stage
from tests.discord.records import Message

# An outcome that the database forgot may be shown so many seconds later.
LATEST_EDIT = 60.0


@dataclass(frozen=True, slots=True)
class SetBack:
    """Loss of the commits of a span of time, and of the jobs that were ordered in it."""

    since: float
    until: float
    messages: Collection[int] = ()
    """Ids of the messages of the jobs that are gone."""
    nonces: Collection[str] = ()

    def explains(self, ended_at: float, at: float) -> bool:
        """Return whether an outcome that was shown could be forgotten until this time."""
        return ended_at <= self.until + LATEST_EDIT and at >= self.since


def extra_messages(messages: Iterable[Message]) -> Iterator[str]:
    """Yield each message beyond the first that is about the same job."""
    by_job: defaultdict[str, list[Message]] = defaultdict(list)
    for message in messages:
        jobs = {custom_id.rpartition(":")[2] for custom_id in job_buttons(message).values()}
        for job in jobs if not message.deleted else ():
            by_job[job].append(message)
    for job, shown in by_job.items():
        if len(shown) > 1:
            yield f"job {job} has {len(shown)} messages: {', '.join(str(each.id) for each in shown)}"


def overwritten_results(
    placed: Iterable[PlacedOrder], set_backs: Sequence[SetBack], *, suspended: bool
) -> Iterator[str]:
    """Yield each reply that showed a stage after its outcome.

    Where processes were suspended, only those whose outcome was not shown again: nothing can stop an edit
    that a process had begun before.
    """
    for each in placed:
        ended_at, stages = math.inf, list[str]()
        for edit in each.reply.edits:
            if shows_outcome(edit.text):
                ended_at = edit.at
                if suspended:
                    stages.clear()
            elif shows_stage(edit.text) and edit.at >= ended_at:
                # The database may have forgotten the outcome in between.
                forgotten = any(set_back.explains(ended_at, edit.at) for set_back in set_backs)
                stages.extend([] if forgotten else [edit.text])
        if stages:
            yield f"message {each.reply.id} showed {stages[0].splitlines()[:2]} after its outcome"
