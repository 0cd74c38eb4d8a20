"""What can be asked of the store, and how a batch of it becomes one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.credits.account import Balance, NotEnoughCredits
from bot.jobs.job import Job, State
from bot.jobs.ports import Lost
from bot.store import credits as ledgers
from bot.store import jobs
from bot.store.credits import Ledger
from bot.store.jobs import Claim


@dataclass(frozen=True, slots=True)
class Open:
    job: Job


@dataclass(frozen=True, slots=True)
class Move:
    job: Job
    to: Job

    @property
    def settles(self) -> bool:
        return self.to.state.settled and not self.job.state.settled


@dataclass(frozen=True, slots=True)
class Enrol:
    """Make the account, if there is none yet."""

    account: str


@dataclass(frozen=True, slots=True)
class Grant:
    """Credits that an operator gives, or takes back where the amount is negative."""

    account: str
    amount: int
    actor: str
    why: str


Change = Open | Move | Enrol | Grant
Outcome = Balance | Exception | None
"""What the asker gets; an exception is a refusal of this one change, with nothing of it written."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Who writes, when, and with how many credits a new account starts."""

    worker: str
    now: float
    start: int


async def apply(connection: AsyncConnection, changes: Sequence[Change], terms: Terms) -> list[Outcome]:
    """Decide about every change in the order of asking, then write what was accepted in a few statements.

    No two changes may be about the same job.
    """
    # Rows are locked first, jobs before accounts everywhere: what is decided stays true until the commit.
    claims = await jobs.lock(connection, [change.job.id for change in changes if isinstance(change, Move)])
    wanted = _accounts_of(changes, claims)
    ledger = await ledgers.lock(connection, wanted, start=terms.start, at=terms.now)
    outcomes = [_decide(change, claims, ledger, terms.worker) for change in changes]
    accepted = [
        change
        for change, outcome in zip(changes, outcomes, strict=True)
        if not isinstance(outcome, Exception)
    ]
    opened = [change.job for change in accepted if isinstance(change, Open)]
    moved = [(change.job, change.to) for change in accepted if isinstance(change, Move)]
    await ledger.write(connection)
    await jobs.insert(connection, opened, owner=terms.worker)
    await jobs.move(connection, moved, owner=terms.worker)
    return outcomes


def _accounts_of(changes: Sequence[Change], claims: Mapping[str, Claim]) -> set[str]:
    wanted: set[str] = set()
    for change in changes:
        match change:
            case Open(job):
                wanted.add(job.account)
            case Move(job):
                if change.settles and job.id in claims:
                    wanted.add(claims[job.id].account)
            case Enrol(account) | Grant(account):
                wanted.add(account)
    return wanted


def _decide(change: Change, claims: Mapping[str, Claim], ledger: Ledger, worker: str) -> Outcome:
    try:
        match change:
            case Open(job):
                ledger.hold(job.account, job.price, job_id=job.id)
            case Move(job, to):
                claim = claims.get(job.id)
                if claim is None or not claim.honours(job, owner=worker):
                    return Lost(job.id)
                if change.settles:
                    settle = ledger.capture if to.state is State.DONE else ledger.release
                    settle(claim.account, claim.price, job_id=job.id)
            case Enrol(account):
                return ledger.balances[account]
            case Grant(account, amount, actor, why):
                return ledger.grant(account, amount, actor=actor, why=why)
    except NotEnoughCredits as refusal:
        return refusal
    return None
