"""What `doppel credits` understands. It imports nothing of the bot, so that --help answers at once."""

import argparse
from collections.abc import Callable
from pathlib import Path

DIRECT = "direct"
DAYS_MOST = 3650
AMOUNT_MOST = 1_000_000_000
ID_MOST = 2**63 - 1


def add_subcommands(credits_: argparse.ArgumentParser) -> None:
    actions = credits_.add_subparsers(required=True, metavar="ACTION", dest="action")
    actions.add_parser("audit", help="say where the books do not add up; ends with 1 if they do not")
    _report(actions.add_parser("report", help="what was charged and what it cost, by model, server and day"))
    _grant(actions.add_parser("grant", help="give a member credits that never expire"))


def _report(report: argparse.ArgumentParser) -> None:
    report.add_argument(
        "--days", type=_whole(DAYS_MOST), default=30, help="so many days (UTC), today with them (default: 30)"
    )
    report.add_argument("--server", type=_whole(ID_MOST), metavar="ID", help="only this server")
    report.add_argument(
        "--format",
        choices=["table", "csv", "json"],
        default="table",
        help="csv has a line for each day, server and model; json has those and the sums (default: table)",
    )
    report.add_argument("--chart", type=Path, metavar="FILE.png", help="draw it, too")


def _grant(grant: argparse.ArgumentParser) -> None:
    grant.add_argument("server", type=_server, help=f"the server's id, or {DIRECT!r} for direct messages")
    grant.add_argument("member", type=_whole(ID_MOST), help="the member's id")
    grant.add_argument("amount", type=_whole(AMOUNT_MOST), help="how many credits")
    grant.add_argument("--why", default="", help="what the member's history says about it")


def _server(text: str) -> int | None:
    return None if text == DIRECT else _whole(ID_MOST)(text)


def _whole(most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {most}")
        return int(text)

    return read
