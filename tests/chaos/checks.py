"""The count after a storm: what was sent twice, lost, miscounted or left without an end (pure)."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.jobs.job import State
from bot.ledger.account import EntryKind
from tests.chaos.ledger import JobRow, Pages
from tests.chaos.orders import Placed, belongs
from tests.chaos.reply_states import refused, shows, was_taken

_NONCE = re.compile(r"[?&]doppel=([0-9a-z]+)")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What each side has seen: the bot's books, Segmind's, and the members."""

    pages: Pages
    accepted: Sequence[tuple[str, Mapping[str, Any]]]
    """Segmind's own book: the id and the body of every request that it took."""
    completed: Collection[str]
    """The requests that Segmind has finished and billed."""
    placed: Sequence[Placed]
    excused: Callable[[Placed], bool]
    """Whether a kill came between the promise of an answer and the job."""


@dataclass(frozen=True, slots=True)
class Verdict:
    twice: Sequence[str]
    lost: Sequence[str]
    ledger: int
    """In credits, and one for each sentence of the bot's own audit."""
    unfinished: Sequence[str]
    refused: int
    cut_off: int
    """Orders that a kill came before: there was no job yet, and nothing was held."""
    unheard: int
    """Orders that the bot never answered, as it was away."""

    @property
    def clean(self) -> bool:
        return not (self.twice or self.lost or self.ledger or self.unfinished)


def judged(evidence: Evidence) -> Verdict:
    jobs = {job.message_id: job for job in evidence.pages.jobs}
    heard = [placed for placed in evidence.placed if placed.reply.interaction.message is not None]
    jobless = [placed for placed in heard if placed.reply.id not in jobs]
    excused = [each for each in jobless if not refused(each.reply) and evidence.excused(each)]
    return Verdict(
        twice=list(_twice(evidence.accepted)),
        lost=[*_lost_jobs(evidence), *_lost_orders(jobless)],
        ledger=difference(evidence.pages),
        unfinished=list(_unfinished(heard, jobs, excused)),
        refused=sum(refused(each.reply) for each in jobless),
        cut_off=len(excused),
        unheard=len(evidence.placed) - len(heard),
    )


def _nonce(body: Mapping[str, Any]) -> str:
    found = (_NONCE.search(value) for value in body.values() if isinstance(value, str))
    return next((match[1] for match in found if match is not None), "")


def _twice(accepted: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    by_nonce: defaultdict[str, list[str]] = defaultdict(list)
    for request_id, body in accepted:
        by_nonce[_nonce(body)].append(request_id)
    for nonce, ids in by_nonce.items():
        for again in ids[1:]:
            yield f"job {nonce} was sent again: {again} after {ids[0]}"


def _lost_jobs(evidence: Evidence) -> Iterator[str]:
    jobs = {job.id: job for job in evidence.pages.jobs}
    for job in jobs.values():
        if not job.told:
            yield f"job {job.id} never came to its end: {job.state}"
        if job.state is State.DONE and job.request_id not in evidence.completed:
            yield f"job {job.id} is DONE, and Segmind has never finished {job.request_id}"
    for request_id, body in evidence.accepted:
        job = jobs.get(_nonce(body))
        if job is None:
            yield f"Segmind took {request_id}, which is no job's"
        elif job.request_id is None:
            yield f"job {job.id} is {job.state} ({job.reason}) and does not know its request {request_id}"
        elif (
            request_id == job.request_id and request_id in evidence.completed and job.state is not State.DONE
        ):
            yield f"job {job.id} is {job.state} ({job.reason}), and Segmind has finished {request_id}"


def _lost_orders(jobless: Iterable[Placed]) -> Iterator[str]:
    for placed in jobless:
        if was_taken(placed.reply):
            yield f"the order of message {placed.reply.id} was taken, and there is no job"


def difference(pages: Pages) -> int:
    """How far the accounts are from what their entries make, and from what the jobs came to."""
    free: defaultdict[str, int] = defaultdict(int)
    given: defaultdict[str, int] = defaultdict(int)
    held: defaultdict[str, int] = defaultdict(int)
    settled = {
        entry.job_id for entry in pages.entries if entry.kind in {EntryKind.CAPTURE, EntryKind.RELEASE}
    }
    for entry in pages.entries:
        free[entry.account] += entry.amount
        if entry.job_id is None:
            given[entry.account] += entry.amount
        if entry.kind == EntryKind.HOLD and entry.job_id not in settled:
            held[entry.account] -= entry.amount
    for job in pages.jobs:
        if job.state is State.DONE:
            given[job.account] -= job.price
    wrong = sum(
        abs(is_free - free[account]) + abs(is_held - held[account]) + abs(is_free + is_held - given[account])
        for account, (is_free, is_held) in pages.accounts.items()
    )
    return wrong + len(pages.faults)


def _unfinished(
    heard: Iterable[Placed], jobs: Mapping[int, JobRow], excused: Collection[Placed]
) -> Iterator[str]:
    forgiven = {each.reply.id for each in excused}
    for placed in heard:
        reply = placed.reply
        last = " | ".join(reply.text.splitlines())[:200]
        job = jobs.get(reply.id)
        if job is None:
            if reply.id not in forgiven and not refused(reply):
                yield f"message {reply.id} has no job and says {last!r}"
        elif not shows(reply, job.state):
            yield f"job {job.id} is {job.state}, and message {reply.id} says {last!r}"
        elif job.state is State.DONE and len(reply.attachments) != 1:
            yield f"job {job.id} is DONE, and message {reply.id} has {len(reply.attachments)} files: {last!r}"
        elif job.state is State.DONE and not belongs(reply.attachments[0], placed.wanted):
            yield f"message {reply.id} of job {job.id} shows somebody else's result"
