"""Decisions about a server's credits, models and limits, within the operator's bounds."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from bot.administration.audit import Administrator, AuditAction, UnknownJob, audit_entry_of, truncate_reason
from bot.jobs.job import Job, State
from bot.jobs.waiting.queue import FairQueue
from bot.ledger.account import NotEnoughCredits
from bot.ledger.ledger import AuditEntry, Ledger
from bot.ledger.policy import Policy
from bot.ledger.server_rules import LIMIT_NAMES, ServerRules

K = TypeVar("K")
Update = dict[str, Any]


class BeyondBound(Exception):
    """The number is above the operator's bound, which `what` names."""

    def __init__(self, what: str, *, most: float) -> None:
        super().__init__(f"{what}: at most {most}")
        self.what = what
        self.most = most


class TooMuchToTake(Exception):
    """The member has fewer granted credits than the administrator wants to take."""

    def __init__(self, *, have: int) -> None:
        super().__init__(have)
        self.have = have


class NotPaid(Exception):
    """The job was not charged, so there is nothing to refund."""

    def __init__(self, job: Job) -> None:
        super().__init__(job.state)
        self.settled = job.state.settled


class UnknownModel(Exception):
    """No model of this name."""


@dataclass(frozen=True, slots=True)
class JobSummary:
    """A job in a list."""

    id: str
    slug: str
    user_id: int
    state: State
    price: int
    created_at: float


class Archive(Protocol):
    """Finds stored jobs; the store implements it."""

    async def find(self, job_id: str) -> Job | None: ...

    async def find_of_server(self, guild_id: int, job_id: str) -> Job | None:
        """Find a job that was ordered in this server, by its id or its short id."""
        ...

    async def find_batch(self, batch: str) -> Sequence[Job]: ...

    async def jobs_of(self, guild_id: int, *, limit: int) -> Sequence[JobSummary]:
        """Find the newest jobs that were paid from this server's accounts."""
        ...


class CreditAdmin:
    """Changes a server's credits, models and limits, and records each change in the audit log."""

    def __init__(
        self, *, ledger: Ledger, archive: Archive, policy: Policy, queue: FairQueue, models: Collection[str]
    ) -> None:
        self._ledger = ledger
        self._archive = archive
        self._policy = policy
        self._queue = queue
        self._models = models

    async def grant(self, by: Administrator, user_id: int, amount: int, reason: str = "") -> AuditEntry:
        check_bound("grant", amount, self._policy.bounds.grant, least=1)
        audit_entry = audit_entry_of(by, AuditAction.GRANT, reason, member=user_id, amount=amount)
        await self._ledger.grant(
            by.account_of(user_id),
            amount,
            truncate_reason(reason),
            audit_entry,
            monthly=self._policy.bounds.grants_monthly,
        )
        return audit_entry

    async def take(self, by: Administrator, user_id: int, amount: int, reason: str = "") -> AuditEntry:
        """Take granted credits away; nobody can take an allowance."""
        check_bound("take", amount, None, least=1)
        audit_entry = audit_entry_of(by, AuditAction.TAKE, reason, member=user_id, amount=amount)
        try:
            await self._ledger.adjust(
                by.account_of(user_id),
                -amount,
                truncate_reason(reason),
                audit_entry,
                monthly=self._policy.bounds.grants_monthly,
            )
        except NotEnoughCredits as error:
            raise TooMuchToTake(have=error.have) from None
        return audit_entry

    async def set_allowance(
        self, by: Administrator, amount: int | None, user_id: int | None = None
    ) -> AuditEntry:
        """Set the allowance of one member or of all; None restores the operator's."""
        check_bound("daily", amount, self._policy.bounds.daily)
        if user_id is None:
            audit_entry = audit_entry_of(by, AuditAction.DAILY, amount=amount)
            return await self._change(by, lambda _: {"daily": amount}, audit_entry)
        audit_entry = audit_entry_of(by, AuditAction.DAILY, amount=amount, member=user_id)
        return await self._change(
            by, lambda rules: {"members": _with_entry(rules.members, user_id, amount)}, audit_entry
        )

    async def set_role_allowance(self, by: Administrator, role_id: int, amount: int | None) -> AuditEntry:
        check_bound("daily", amount, self._policy.bounds.daily)
        audit_entry = audit_entry_of(by, AuditAction.ROLE, role=role_id, amount=amount)
        return await self._change(
            by, lambda rules: {"roles": _with_entry(rules.roles, role_id, amount)}, audit_entry
        )

    async def set_cap(self, by: Administrator, amount: int | None) -> AuditEntry:
        """Cap the credits that the server spends in a month."""
        check_bound("monthly", amount, self._policy.monthly)
        audit_entry = audit_entry_of(by, AuditAction.CAP, amount=amount)
        return await self._change(by, lambda _: {"monthly": amount}, audit_entry)

    async def set_gifts(self, by: Administrator, amount: int | None) -> AuditEntry:
        """Limit the credits that a member gives to others in a day, and receives from them."""
        check_bound("gifts", amount, self._policy.gifts_daily)
        audit_entry = audit_entry_of(by, AuditAction.GIFTS, amount=amount)
        return await self._change(by, lambda _: {"gifts": amount}, audit_entry)

    async def set_limit(self, by: Administrator, name: str, amount: int | None) -> AuditEntry:
        if name not in LIMIT_NAMES:
            raise ValueError(name)
        check_bound(name, amount, self._policy.limits.named()[name], least=1)
        audit_entry = audit_entry_of(by, AuditAction.LIMIT, limit=name, amount=amount)
        return await self._change(
            by, lambda rules: {"limits": _with_entry(rules.limits, name, amount)}, audit_entry
        )

    async def set_model(self, by: Administrator, slug: str, *, on: bool) -> AuditEntry:
        if slug not in self._models:
            raise UnknownModel(slug)

        def change(rules: ServerRules) -> Update:
            return {"models_off": rules.models_off - {slug} if on else rules.models_off | {slug}}

        return await self._change(by, change, audit_entry_of(by, AuditAction.MODEL, model=slug, on=on))

    async def refund(self, by: Administrator, job_id: str, reason: str = "") -> AuditEntry:
        job = await self._archive.find_of_server(by.guild_id, job_id)
        # A job that was ordered in this server may still be paid from the member's own account.
        if job is None or job.account != by.account_of(job.place.user_id):
            raise UnknownJob
        if job.state is not State.DONE:
            raise NotPaid(job)
        audit_entry = audit_entry_of(
            by, AuditAction.REFUND, reason, job=job.id, member=job.place.user_id, amount=job.price
        )
        await self._ledger.adjust(
            job.account,
            job.price,
            truncate_reason(reason),
            audit_entry,
            job_id=job.id,
            # Segmind was paid, so a refund costs the operator as much as a grant.
            monthly=self._policy.bounds.grants_monthly,
        )
        return audit_entry

    async def recent_jobs(self, by: Administrator, limit: int) -> Sequence[JobSummary]:
        return await self._archive.jobs_of(by.guild_id, limit=limit)

    async def _change(
        self, by: Administrator, change: Callable[[ServerRules], Update], audit_entry: AuditEntry
    ) -> AuditEntry:
        rules = await self._ledger.change_rules(
            by.guild_id, lambda rules: rules.model_copy(update=change(rules)), audit_entry
        )
        # The new limits also decide which of the queued jobs is submitted next.
        self._queue.set_limits(by.guild_id, self._policy.limits_of(rules))
        return audit_entry


def check_bound(what: str, amount: int | None, most: float | None, *, least: int = 0) -> None:
    """Raise `BeyondBound` if the amount is above the operator's bound."""
    if amount is None:
        return
    if amount < least:
        # The command's options have a minimum, so Discord does not let this happen.
        raise ValueError(f"{what}: {amount}")
    if most is not None and amount > most:
        raise BeyondBound(what, most=most)


def _with_entry(amounts: Mapping[K, int], key: K, amount: int | None) -> dict[K, int]:
    others = {name: number for name, number in amounts.items() if name != key}
    return others if amount is None else others | {key: amount}
