"""Options of `doppel credits`. Imports nothing of the bot, so that --help answers at once."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

DIRECT_MESSAGES = "direct"
MAX_DAYS = 3650
MAX_AMOUNT = 1_000_000_000
MAX_ID = 2**63 - 1


def add_subcommands(credits_: argparse.ArgumentParser) -> None:
    actions = credits_.add_subparsers(required=True, metavar="ACTION", dest="action")
    _action(actions, "audit", "report where the ledger does not add up; exit code 1 if it does not")
    _report(
        _action(
            actions, "report", "show credits charged and dollars spent, by model, server and day", "--days 7"
        )
    )
    _grant(
        _action(actions, "grant", "give a member credits that never expire", "direct 80351110224678912 50")
    )


def described(summary: str, example: str) -> dict[str, Any]:
    """Help of a command: a sentence and an example."""
    return {
        "description": f"{summary[:1].upper()}{summary[1:]}.",
        "epilog": f"Example: doppel {example.strip()}",
    }


def _action(actions: Any, name: str, summary: str, example: str = "") -> argparse.ArgumentParser:
    return actions.add_parser(name, help=summary, **described(summary, f"credits {name} {example}"))


def _report(report: argparse.ArgumentParser) -> None:
    report.add_argument(
        "--days",
        type=_whole_number(MAX_DAYS),
        default=30,
        help="number of days (UTC) up to today (default: 30)",
    )
    report.add_argument("--server", type=_whole_number(MAX_ID), metavar="ID", help="only this server")
    report.add_argument(
        "--format",
        choices=["table", "csv", "json"],
        default="table",
        help="csv has a row for each day, server and model; json also has the sums (default: table)",
    )
    report.add_argument("--chart", type=Path, metavar="FILE.png", help="also draw a chart")


def _grant(grant: argparse.ArgumentParser) -> None:
    grant.add_argument(
        "server", type=_server, help=f"the server's id, or {DIRECT_MESSAGES!r} for direct messages"
    )
    grant.add_argument("member", type=_whole_number(MAX_ID), help="the member's id")
    grant.add_argument("amount", type=_whole_number(MAX_AMOUNT), help="the number of credits")
    grant.add_argument("--why", default="", help="the reason shown in the member's history")


def _server(text: str) -> int | None:
    return None if text == DIRECT_MESSAGES else _whole_number(MAX_ID)(text)


def _whole_number(maximum: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= maximum:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {maximum}")
        return int(text)

    return parse
