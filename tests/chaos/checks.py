"""Checks after a scenario: submitted twice, lost, wrong in the ledger, or unfinished (pure)."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.jobs.job import State
from bot.ledger.account import EntryKind
from tests.chaos.ledger import JobRow, LedgerSnapshot
from tests.chaos.messages import SetBack, extra_messages, overwritten_results
from tests.chaos.orders import PlacedOrder, is_result_of
from tests.chaos.reply_states import gallery, rejected, shows, shows_outcome, shows_stage, was_accepted
from tests.discord.records import Message
from tests.discord.user import Reply

_NONCE = re.compile(r"[?&]doppel=([0-9a-z]+)")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Records of all sides: the bot's ledger, Segmind's requests and the members' messages."""

    snapshot: LedgerSnapshot
    accepted: Sequence[tuple[str, Mapping[str, Any]]]
    """Id and body of every request that Segmind accepted."""
    completed: Collection[str]
    """Ids of the requests that Segmind finished and billed."""
    placed: Sequence[PlacedOrder]
    was_cut_off: Callable[[PlacedOrder], bool]
    """True if a kill may have come after the bot deferred its reply, and before the database kept the job."""
    messages: Sequence[Message] = ()
    """Everything that the bot wrote."""
    set_backs: Sequence[SetBack] = ()
    idle: Sequence[str] = ()
    """Open jobs, at the end, of processes that still ran."""
    suspended: bool = False
    """True if processes were suspended, which may send a stage when they wake."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that a scenario's checks found."""

    submitted_twice: Sequence[str]
    lost: Sequence[str]
    ledger: int
    """Difference in credits, plus one for each discrepancy that the bot itself finds."""
    unfinished: Sequence[str]
    extra: Sequence[str]
    overwritten: Sequence[str]
    idle: Sequence[str]
    rejected: int
    cut_off: int
    """Orders cut off by a kill before there was a job or a hold, or forgotten by a database set back."""
    unanswered: int
    """Orders that the bot never answered, because it was down."""

    @property
    def clean(self) -> bool:
        return not (self.sentences or self.ledger)

    @property
    def sentences(self) -> Sequence[str]:
        """Sentences about everything except the ledger."""
        of_jobs = (*self.submitted_twice, *self.lost, *self.idle)
        return [*of_jobs, *self.unfinished, *self.extra, *self.overwritten]


def check(evidence: Evidence) -> Findings:
    jobs: defaultdict[int, list[JobRow]] = defaultdict(list)
    # The jobs of a batch are in the order of their ids.
    for job in sorted(evidence.snapshot.jobs, key=lambda job: job.id):
        jobs[job.message_id].append(job)
    answered = [placed for placed in evidence.placed if placed.reply.interaction.message is not None]
    jobless = [placed for placed in answered if placed.reply.id not in jobs]
    gone = {message_id for set_back in evidence.set_backs for message_id in set_back.messages}
    forgotten = [placed for placed in jobless if placed.reply.id in gone]
    cut_off = [each for each in jobless if not rejected(each.reply) and evidence.was_cut_off(each)]
    cut_off += [each for each in forgotten if each not in cut_off]
    return Findings(
        submitted_twice=list(_submitted_twice(evidence.accepted)),
        lost=[*_lost_jobs(evidence), *_lost_orders(each for each in jobless if each not in forgotten)],
        ledger=ledger_difference(evidence.snapshot),
        unfinished=[*_unfinished(answered, jobs, cut_off), *_still_open(forgotten, evidence.was_cut_off)],
        extra=list(extra_messages(evidence.messages)),
        overwritten=list(overwritten_results(answered, evidence.set_backs, suspended=evidence.suspended)),
        idle=evidence.idle,
        rejected=sum(rejected(each.reply) for each in jobless),
        cut_off=len(cut_off),
        unanswered=len(evidence.placed) - len(answered),
    )


def _nonce(body: Mapping[str, Any]) -> str:
    found = (_NONCE.search(value) for value in body.values() if isinstance(value, str))
    return next((match[1] for match in found if match is not None), "")


def _submitted_twice(accepted: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    by_nonce: defaultdict[str, list[str]] = defaultdict(list)
    for request_id, body in accepted:
        by_nonce[_nonce(body)].append(request_id)
    for nonce, ids in by_nonce.items():
        for again in ids[1:]:
            yield f"job {nonce} was sent again: {again} after {ids[0]}"


def _lost_jobs(evidence: Evidence) -> Iterator[str]:
    jobs = {job.nonce: job for job in evidence.snapshot.jobs}
    forgotten = {nonce for set_back in evidence.set_backs for nonce in set_back.nonces}
    for job in jobs.values():
        if not job.told:
            yield f"job {job.id} never came to its end: {job.state}"
        if job.state is State.DONE and job.request_id not in evidence.completed:
            yield f"job {job.id} is DONE, and Segmind has never finished {job.request_id}"
    for request_id, body in evidence.accepted:
        job = jobs.get(_nonce(body))
        if job is None:
            if _nonce(body) not in forgotten:
                yield f"Segmind took {request_id}, which is no job's"
        elif job.request_id is None:
            yield f"job {job.id} is {job.state} ({job.reason}) and does not know its request {request_id}"
        elif (
            request_id == job.request_id and request_id in evidence.completed and job.state is not State.DONE
        ):
            yield f"job {job.id} is {job.state} ({job.reason}), and Segmind has finished {request_id}"


def _lost_orders(jobless: Iterable[PlacedOrder]) -> Iterator[str]:
    for placed in jobless:
        if was_accepted(placed.reply):
            yield f"the order of message {placed.reply.id} was taken, and there is no job"


def ledger_difference(snapshot: LedgerSnapshot) -> int:
    """Return how far the accounts are from their entries, and from the outcomes of the jobs."""
    free: defaultdict[str, int] = defaultdict(int)
    given: defaultdict[str, int] = defaultdict(int)
    held: defaultdict[str, int] = defaultdict(int)
    settled = {
        entry.job_id for entry in snapshot.entries if entry.kind in {EntryKind.CAPTURE, EntryKind.RELEASE}
    }
    for entry in snapshot.entries:
        free[entry.account] += entry.amount
        # A refund is an adjustment that names its job.
        if entry.job_id is None or entry.kind == EntryKind.ADJUST:
            given[entry.account] += entry.amount
        if entry.kind == EntryKind.HOLD and entry.job_id not in settled:
            held[entry.account] -= entry.amount
    for job in snapshot.jobs:
        if job.state is State.DONE:
            given[job.account] -= job.price
    wrong = sum(
        abs(is_free - free[account]) + abs(is_held - held[account]) + abs(is_free + is_held - given[account])
        for account, (is_free, is_held) in snapshot.accounts.items()
    )
    return wrong + len(snapshot.discrepancies)


def _unfinished(
    answered: Iterable[PlacedOrder], jobs: Mapping[int, Sequence[JobRow]], cut_off: Collection[PlacedOrder]
) -> Iterator[str]:
    cut_off_ids = {each.reply.id for each in cut_off}
    for placed in answered:
        reply = placed.reply
        found = jobs.get(reply.id, ())
        if not found:
            if reply.id not in cut_off_ids and not rejected(reply):
                yield f"message {reply.id} has no job and says {_last_words(reply)!r}"
        elif placed.batch:
            yield from _unfinished_batch(placed, found)
        else:
            yield from _unfinished_job(placed, found[-1])


def _unfinished_job(placed: PlacedOrder, job: JobRow) -> Iterator[str]:
    reply = placed.reply
    last = _last_words(reply)
    if not shows(reply, job.state):
        yield f"job {job.id} is {job.state}, and message {reply.id} says {last!r}"
    elif job.state is State.DONE and len(reply.attachments) != 1:
        yield f"job {job.id} is DONE, and message {reply.id} has {len(reply.attachments)} files: {last!r}"
    elif job.state is State.DONE and not is_result_of(reply.attachments[0], placed.planned):
        yield f"message {reply.id} of job {job.id} shows somebody else's result"


def _unfinished_batch(placed: PlacedOrder, jobs: Sequence[JobRow]) -> Iterator[str]:
    reply, count = placed.reply, len(placed.batch)
    if len(jobs) != count:
        yield f"message {reply.id} is about {count} orders and has {len(jobs)} jobs"
        return
    done = [planned for planned, job in zip(placed.batch, jobs, strict=True) if job.state is State.DONE]
    last, files = _last_words(reply), len(reply.attachments)
    if not (shows_outcome(reply.text) and f"· {len(done)} of {count} done" in reply.text):
        yield f"{len(done)} of {count} jobs are DONE, and message {reply.id} says {last!r}"
    elif files != len(done):
        yield f"{len(done)} jobs are DONE, and message {reply.id} has {files} files: {last!r}"
    elif not all(map(is_result_of, gallery(reply), done)):
        yield f"message {reply.id} of a batch shows a result in the wrong place"


def _still_open(
    forgotten: Iterable[PlacedOrder], was_cut_off: Callable[[PlacedOrder], bool]
) -> Iterator[str]:
    """A job that a set-back forgot is ended by the process that ran it, unless a kill made it forget, too."""
    for placed in forgotten:
        if shows_stage(placed.reply.text) and not was_cut_off(placed):
            yield f"message {placed.reply.id} of a forgotten job still says {_last_words(placed.reply)!r}"


def _last_words(reply: Reply) -> str:
    return " | ".join(reply.text.splitlines())[:200]
