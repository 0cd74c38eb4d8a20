"""Rows for every table, in every state and kind, with a value in every column of some row."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any

import sqlalchemy as sa

from bot.jobs.delivery import Delivery
from bot.jobs.job import Reason, State
from bot.ledger.budgets import Scope
from bot.moderation.approvals import Verdict
from bot.moderation.cases import Audience, Complaint
from bot.store.tables import JsonText

ACCOUNT, PRIVATE = "81384788765712384:81384788765712385", "direct:81384788765712385"
NOON = 1_790_000_000.25

_UNDECIDED = frozenset({Verdict.WAITING, Verdict.WITHDRAWN})

# Values that the constraints require; all others are made up.
_CHOSEN: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "accounts": [{"id": ACCOUNT}, {"id": PRIVATE}],
    "entries": [
        {"account": ACCOUNT, "receipt": None, "gift": None, **row}
        for row in (
            {"kind": "grant", "job_id": None, "amount": 100, "of_allowance": 0, "receipt": "bought"},
            {"kind": "allowance", "job_id": None, "amount": 50, "of_allowance": 50},
            {"kind": "adjust", "job_id": None, "amount": -3, "of_allowance": 0},
            {"kind": "adjust", "job_id": None, "amount": -4, "of_allowance": 0, "gift": "a gift"},
            {"kind": "grant", "job_id": None, "amount": 4, "of_allowance": 0, "gift": "a gift"},
            {"kind": "hold", "job_id": "jobs.id 1", "amount": -5, "of_allowance": -2},
            {"kind": "capture", "job_id": "jobs.id 1", "amount": 0, "of_allowance": 0},
            {"kind": "hold", "job_id": "jobs.id 2", "amount": -5, "of_allowance": -2},
            {"kind": "release", "job_id": "jobs.id 2", "amount": 5, "of_allowance": 2},
        )
    ],
    "budgets": [{"scope": str(scope)} for scope in Scope],
    "jobs": [
        {
            "account": ACCOUNT,
            "price": 5,
            "from_allowance": 2,
            "state": str(state),
            "told": state is State.CANCELLED,
            "reason": str(reason),
            "delivery": str(delivery),
        }
        for state, reason, delivery in zip(State, cycle(Reason), cycle(Delivery), strict=False)
    ],
    "events": [{"discount": 100, "cap": 50}, {"discount": 25, "cap": 7}],
    "listed": [{"kind": "exact"}, {"kind": "look"}],
    "cases": [{"told_to": str(audience)} for audience in Audience],
    "case_notes": [{"case_id": 1, "complaint": str(complaint)} for complaint in Complaint],
    "case_cards": [{"case_id": 1}, {"case_id": 2}],
    "takedown_requests": [
        {"outcome": "removed"},
        {"outcome": "declined", "sweep_at": None},
        {"outcome": None, "decided_at": None},
    ],
    "approvals": [
        {"verdict": str(verdict), "decided_at": None if verdict in _UNDECIDED else NOON}
        for verdict in Verdict
    ],
}


def rows_of(table: sa.Table) -> list[dict[str, Any]]:
    """Rows of a table, the last one with NULL wherever that is allowed."""
    chosen = [*_CHOSEN.get(table.name, [{}, {}])]
    whole = [_row(table, number, given) for number, given in enumerate(chosen, 1)]
    empty = {column.name: None for column in table.c if column.nullable and column.name not in chosen[-1]}
    return [*whole[:-1], whole[-1] | empty]


def _row(table: sa.Table, number: int, given: Mapping[str, Any]) -> dict[str, Any]:
    return {**dict(_made_up(table, number)), **given}


def _made_up(table: sa.Table, number: int) -> Iterator[tuple[str, Any]]:
    for column in table.c:
        # The database chooses these numbers, so that it continues with the next one.
        if column.autoincrement is not True:
            yield column.name, _value(column, number)


def _value(column: sa.Column[Any], number: int) -> Any:
    name = f"{column.table.name}.{column.name} {number}"
    match column.type:
        case JsonText():
            return {"of": name, "umlaut": "ü", "lone": "\ud83d"}
        case sa.LargeBinary():
            return bytes(range(256)) + name.encode()
        case sa.Double():
            return NOON + number / 8
        case sa.Boolean():
            return number % 2 == 1
        case sa.BigInteger():
            return 81_384_788_765_712_384 + number
        case _:
            return name if column.primary_key else f'{name}: "it\'s\nover"; -- ü'
