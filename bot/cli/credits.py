"""`doppel credits`: check the ledger, report and grant, next to a running bot."""

import argparse
import asyncio
from dataclasses import dataclass

from bot.administration.audit import AuditAction
from bot.chat.admin.spending_chart import chart
from bot.cli.operator import operator_connection
from bot.cli.startup import as_cli_error, load_settings
from bot.clock import Clock, WallClock
from bot.ledger.account import account_of
from bot.ledger.allowance import DAY
from bot.ledger.budgets import day_of
from bot.ledger.ledger import OPERATOR, AuditEntry
from bot.ledger.report import Report
from bot.registry import model_registry
from bot.settings import Settings
from bot.store import OperatorConnection
from bot.wiring.factories import FEATURES


@dataclass(frozen=True, slots=True)
class Outcome:
    """Text for the terminal, the exit code, and a chart if one was asked for."""

    words: str
    code: int = 0
    chart: bytes | None = None


def credits_command(options: argparse.Namespace) -> int:
    settings = load_settings(options)
    with as_cli_error():
        outcome = asyncio.run(run(options, settings, WallClock()))
    if outcome.chart is not None:
        with as_cli_error(options.chart):
            options.chart.write_bytes(outcome.chart)
    print(outcome.words)
    return outcome.code


async def run(options: argparse.Namespace, settings: Settings, clock: Clock) -> Outcome:
    """Carry out the action; raise `StoreError` if the database cannot be used."""
    async with operator_connection(settings, clock, writing=options.action == "grant") as connection:
        match options.action:
            case "audit":
                return await _check_ledger(connection)
            case "report":
                return await _report(connection, options, settings, clock)
            case _:
                return await _grant(connection, options)


async def _check_ledger(connection: OperatorConnection) -> Outcome:
    problems, extent = await connection.check_ledger()
    if problems:
        return Outcome("\n".join(f"{sentence}." for sentence in problems), 1)
    accounts = _plural(extent.accounts, "account", "accounts")
    entries = _plural(extent.entries, "entry", "entries")
    jobs = _plural(extent.jobs, "job", "jobs")
    return Outcome(f"The ledger adds up: {accounts}, {entries} and {jobs} checked.")


async def _report(
    connection: OperatorConnection, options: argparse.Namespace, settings: Settings, clock: Clock
) -> Outcome:
    today, until = day_of(clock.now())
    since = today - (options.days - 1) * DAY
    spending = await connection.spending(since=since, until=until, guild_id=options.server)
    report = Report(spending, since, until, settings.credits.usd)
    words = {"table": report.table, "csv": report.csv, "json": report.json}[options.format]()
    if options.chart is None:
        return Outcome(words)
    titles = {slug: model.card.title for slug, model in model_registry(FEATURES).items()}
    caption = "Credits spent (bars) and Segmind's cost in US$ (line)"
    picture = chart(spending, since=since, until=until, titles=titles, caption=caption)
    return Outcome(words, chart=picture)


async def _grant(connection: OperatorConnection, options: argparse.Namespace) -> Outcome:
    facts = {"member": options.member, "amount": options.amount}
    if options.why:
        facts["reason"] = options.why
    audit_entry = AuditEntry(OPERATOR, AuditAction.GRANT, facts, guild_id=options.server)
    account = account_of(guild_id=options.server, user_id=options.member)
    balance = await connection.grant(account, options.amount, options.why, audit_entry)
    where = "in direct messages" if options.server is None else f"in server {options.server}"
    return Outcome(f"Member {options.member} has {balance.granted:,} granted credits {where} now.")


def _plural(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"
