"""Options of `doppel takedown`. Imports nothing of the bot, so that --help answers at once."""

import argparse
from pathlib import Path
from typing import Any

from bot.cli.credits_options import described

_REFERENCE = "ABCD-EFGH-JKMN-PQRS"


def add_actions(takedown: argparse.ArgumentParser) -> None:
    actions = takedown.add_subparsers(required=True, metavar="ACTION", dest="action")
    _action(actions, "list", "list the requests without a decision and when each is due")
    _add(
        _action(
            actions,
            "add",
            "enter a request that reached you by e-mail or letter",
            "--name 'A. Person' --contact a@example.org --statement 'My face' --file picture.png",
        )
    )
    _action(actions, "show", "show a request, who made it, and the matching jobs", _REFERENCE, chosen=True)
    remove = _action(
        actions,
        "remove",
        "remove the matching results in all servers and ban the picture and its copies",
        _REFERENCE,
        chosen=True,
    )
    remove.add_argument("--job", action="append", default=[], help="the id of another job to remove")
    _action(actions, "decline", "decline a request", _REFERENCE, chosen=True)


def _action(
    actions: Any, name: str, summary: str, example: str = "", *, chosen: bool = False
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=summary, **described(summary, f"takedown {name} {example}"))
    if chosen:
        parser.add_argument("reference", help="the reference of the request")
    return parser


def _add(add: argparse.ArgumentParser) -> None:
    add.add_argument("--name", required=True, help="name of the person who asks")
    add.add_argument("--contact", required=True, help="how to reach them")
    add.add_argument("--statement", required=True, help="what the picture shows, and why it has to go")
    add.add_argument(
        "--file", type=Path, help="the picture or video; the bot compares it and does not keep it"
    )
    add.add_argument("--link", default="", help="a link to the message that shows it")
    add.add_argument("--job", action="append", default=[], help="the id of a job to remove")
