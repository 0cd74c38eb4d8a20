"""A body becomes an order, and a plan of what will come of it (pure)."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from bot.models import FaceModel
from bot.sandbox.segmind import pricing
from bot.sandbox.segmind.assets import file_name
from bot.sandbox.segmind.faults import Plight, Trouble
from bot.sandbox.segmind.requests import Order, Plan

SLOWER = 3.0
BLOCKED = "Content blocked by Responsible AI (RAI) policy: the inputs show what may not be generated."
FAILS = "The model could not process the inputs."
# What is remembered of a parameter: an address is kept whole, a file in a data URL is not.
LONGEST_KEPT = 8192


def read(model: type[FaceModel], body: Mapping[str, Any]) -> Order:
    """Every parameter, defaults included, so that an engine need not know them; raises `ValidationError`."""
    values = model.model_validate(body).model_dump()
    slots = model.slots()
    parameters = {name: value for name, value in values.items() if name not in slots}
    media = {name: values[name] for name in slots if values[name] is not None}
    return Order(model.card.slug, parameters, media)


def plan(model: type[FaceModel], order: Order, plight: Plight, speed: float) -> Plan:
    """Newcomers script the server by the names of their files, tests by faults."""
    names = " ".join(map(file_name, order.media.values())).lower()
    slower = plight.number(Trouble.SLOW, SLOWER if "slow" in names else 1.0)
    return _timed(
        pricing.seconds(model.card, order.parameters) * slower / speed,
        stuck=Trouble.STUCK in plight,
        doom=_doom(names, plight),
    )


def plan_of_invalid(model: type[FaceModel], doom: str, speed: float) -> Plan:
    return _timed(model.card.seconds / speed, stuck=False, doom=doom)


def sentence(error: ValidationError) -> str:
    """The first thing that is wrong, by the parameter's name."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"Invalid value for {'.'.join(map(str, first['loc']))}: {first['msg']}."


def kept(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _shortened(value) for name, value in body.items()}


def _timed(total: float, *, stuck: bool, doom: str | None) -> Plan:
    queue = total * pricing.QUEUE_SHARE
    return Plan(queue, total - queue, stuck, doom)


def _doom(names: str, plight: Plight) -> str | None:
    for trouble in (Trouble.BLOCKED, Trouble.FAILED):
        if (fault := plight.get(trouble)) is not None:
            return fault.text
    if "blocked" in names:
        return BLOCKED
    return FAILS if "fail" in names else None


def _shortened(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST_KEPT:
        return f"{value[:64]}… ({len(value)} characters)"
    return value
