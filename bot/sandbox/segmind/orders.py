"""Turns a request body into an order and a plan of how it will run (pure)."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from bot.models import FaceModel
from bot.sandbox.segmind import pricing
from bot.sandbox.segmind.assets import file_name
from bot.sandbox.segmind.faults.fault import CallFaults, FaultKind
from bot.sandbox.segmind.requests import Order, Plan

SLOW_FACTOR = 3.0
BLOCKED = "Content blocked by Responsible AI (RAI) policy: the inputs show what may not be generated."
FAILED = "The model could not process the inputs."
# The history keeps an address whole, but shortens a data URL, which holds a file.
MAX_REMEMBERED_LENGTH = 8192


def parse(model: type[FaceModel], body: Mapping[str, Any]) -> Order:
    """Validate a body and fill in the defaults, so that engines need not know them."""
    values = model.model_validate(body).model_dump()
    slots = model.slots()
    parameters = {name: value for name, value in values.items() if name not in slots}
    media = {name: values[name] for name in slots if values[name] is not None}
    return Order(model.card.slug, parameters, media)


def plan(model: type[FaceModel], order: Order, faults: CallFaults, speed: float) -> Plan:
    """Plan a valid request. File names script it for people at the sandbox, faults for the tests."""
    names = " ".join(map(file_name, order.media.values())).lower()
    slower = faults.number(FaultKind.SLOW, SLOW_FACTOR if "slow" in names else 1.0)
    return _plan(
        pricing.seconds(model.card, order.parameters) * slower / speed,
        stuck=FaultKind.STUCK in faults,
        failure=_failure(names, faults),
    )


def plan_of_invalid(model: type[FaceModel], error: str, speed: float) -> Plan:
    return _plan(model.card.seconds / speed, stuck=False, failure=error)


def first_error(error: ValidationError) -> str:
    """Describe the first invalid parameter in a sentence."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"Invalid value for {'.'.join(map(str, first['loc']))}: {first['msg']}."


def for_history(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _shortened(value) for name, value in body.items()}


def _plan(total: float, *, stuck: bool, failure: str | None) -> Plan:
    queue = total * pricing.QUEUE_SHARE
    return Plan(queue, total - queue, stuck, failure)


def _failure(names: str, faults: CallFaults) -> str | None:
    for kind in (FaultKind.BLOCKED, FaultKind.FAILED):
        if (fault := faults.get(kind)) is not None:
            return fault.text
    if "blocked" in names:
        return BLOCKED
    return FAILED if "fail" in names else None


def _shortened(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_REMEMBERED_LENGTH:
        return f"{value[:64]}… ({len(value)} characters)"
    return value
