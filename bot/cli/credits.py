"""The deeds of `doppel credits`: each works beside a running bot, and ends in words and an exit code."""

import argparse
from dataclasses import dataclass

from bot.administration.audit import AuditAction
from bot.chat.admin.spending_chart import chart
from bot.clock import Clock
from bot.ledger.account import account_of
from bot.ledger.allowance import DAY
from bot.ledger.budgets import day_of
from bot.ledger.ledger import OPERATOR, AuditEntry
from bot.ledger.report import Report
from bot.registry import model_registry
from bot.settings import Settings
from bot.store import OperatorConnection
from bot.wiring.factories import FEATURES, operator_connection


@dataclass(frozen=True, slots=True)
class Outcome:
    words: str
    code: int = 0
    picture: bytes | None = None


async def run(options: argparse.Namespace, settings: Settings, clock: Clock) -> Outcome:
    """Raises `StoreError` where the database cannot be used."""
    async with operator_connection(settings, clock, writing=options.action == "grant") as visitor:
        match options.action:
            case "audit":
                return await _audit(visitor)
            case "report":
                return await _report(visitor, options, settings, clock)
            case _:
                return await _grant(visitor, options)


async def _audit(visitor: OperatorConnection) -> Outcome:
    wrong, extent = await visitor.audit()
    if wrong:
        return Outcome("\n".join(f"{sentence}." for sentence in wrong), 1)
    accounts = _many(extent.accounts, "account", "accounts")
    entries = _many(extent.entries, "entry", "entries")
    jobs = _many(extent.jobs, "job", "jobs")
    return Outcome(f"The books are in order: {accounts}, {entries} and {jobs} were checked.")


async def _report(
    visitor: OperatorConnection, options: argparse.Namespace, settings: Settings, clock: Clock
) -> Outcome:
    today, until = day_of(clock.now())
    since = today - (options.days - 1) * DAY
    spending = await visitor.spending(since=since, until=until, guild_id=options.server)
    report = Report(spending, since, until, settings.credits.usd)
    words = {"table": report.table, "csv": report.csv, "json": report.json}[options.format]()
    if options.chart is None:
        return Outcome(words)
    titles = {slug: model.card.title for slug, model in model_registry(FEATURES).items()}
    caption = "Credits spent (bars) and Segmind's cost in US$ (line)"
    picture = chart(spending, since=since, until=until, titles=titles, caption=caption)
    return Outcome(words, picture=picture)


async def _grant(visitor: OperatorConnection, options: argparse.Namespace) -> Outcome:
    facts = {"member": options.member, "amount": options.amount}
    if options.why:
        facts["reason"] = options.why
    audit_entry = AuditEntry(OPERATOR, AuditAction.GRANT, facts, guild_id=options.server)
    account = account_of(guild_id=options.server, user_id=options.member)
    balance = await visitor.grant(account, options.amount, options.why, audit_entry)
    where = "in direct messages" if options.server is None else f"in server {options.server}"
    return Outcome(f"Member {options.member} has {balance.granted:,} granted credits {where} now.")


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"
