"""Faults that change the content of a response instead of its status (pure)."""

import json
import random
from typing import Any, cast
from urllib.parse import urlsplit

from bot.sandbox.segmind.faults.fault import CallFaults, FaultKind

KINDS = frozenset({FaultKind.COST, FaultKind.SHUFFLED, FaultKind.STRIPPED})
_URL_SCHEMES = ("http://", "https://")


def distort(content: bytes, faults: CallFaults, dice: random.Random) -> bytes:
    """Return the body of a status, a result or a page of the history with these faults."""
    body: dict[str, Any] = json.loads(content)
    metrics: dict[str, Any] = body.get("metrics") or {}
    rows = _rows(body)
    if (fault := faults.get(FaultKind.COST)) is not None:
        for row in rows:
            row["credits_deduction"] = fault.json
        if "cost" in metrics:
            metrics["cost"] = fault.json
    if FaultKind.STRIPPED in faults:
        for row in rows:
            row["request_body"] = {name: _stripped(value) for name, value in row["request_body"].items()}
    if FaultKind.SHUFFLED in faults:
        dice.shuffle(rows)
    return json.dumps(body).encode()


def _rows(body: dict[str, Any]) -> list[dict[str, Any]]:
    found = body.get("data", [])
    return cast("list[dict[str, Any]]", found if isinstance(found, list) else [found])


def _stripped(value: Any) -> Any:
    is_url = isinstance(value, str) and value.startswith(_URL_SCHEMES)
    return urlsplit(value)._replace(query="").geturl() if is_url else value
