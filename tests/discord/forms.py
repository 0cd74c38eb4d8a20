"""Forms (modals): Discord's rules for them, and what its client sends when a member submits one (pure)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from tests.discord.rules import Tree, components, entries

LABEL = 18
INPUT, SELECT, UPLOAD, RADIO, CHECKBOXES, CHECKBOX = 4, 3, 19, 21, 22, 23
_SINGLE = frozenset({INPUT, RADIO, CHECKBOX})
_SEVERAL = frozenset({SELECT, UPLOAD, CHECKBOXES})
_MOST_FIELDS, _TITLE, _LABEL_TEXT, _NOTE = 5, 45, 45, 100
_MOST_CHOICES: Mapping[int, int] = {SELECT: 25, RADIO: 10, CHECKBOXES: 10}


class CannotType(AssertionError):
    """Discord's client would not let a member send this."""


def form_problems(form: Tree) -> Iterator[str]:
    """Yield the violations of a form that the bot opens."""
    if not 1 <= len(form.get("title") or "") <= _TITLE:
        yield f"a form needs a title of 1 to {_TITLE} characters"
    parts = entries(form.get("components"))
    if not 1 <= len(parts) <= _MOST_FIELDS:
        yield f"{len(parts)} fields, and 1 to {_MOST_FIELDS} are allowed"
    fields = list(_fields(form))
    names = [each["custom_id"] for each in fields]
    if len(set(names)) < len(names):
        yield "two fields have the same custom_id"
    for part in parts:
        if part["type"] == LABEL and not 1 <= len(part["label"]) <= _LABEL_TEXT:
            yield f"{part['label']!r} is no label of 1 to {_LABEL_TEXT} characters"
        if len(part.get("description") or "") > _NOTE:
            yield f"the note of {part.get('label')!r} is longer than {_NOTE} characters"
    for each in fields:
        most = _MOST_CHOICES.get(each["type"])
        if most is not None and not 1 <= len(entries(each.get("options"))) <= most:
            yield f"{each['custom_id']} needs 1 to {most} choices"


def filled_in(
    form: Tree, given: Mapping[str, Any], attach: Callable[[tuple[str, bytes]], str]
) -> list[dict[str, Any]]:
    """Return the components of a submission. Fields that the member leaves alone keep their defaults.

    A file is a name and its bytes; an upload takes a list of them.
    """
    fields = {each["custom_id"]: each for each in _fields(form)}
    if unknown := given.keys() - fields.keys():
        raise CannotType(f"the form has no field {', '.join(sorted(unknown))}, only {', '.join(fields)}")
    numbers = count(1)
    shown: list[dict[str, Any]] = []
    for part in entries(form["components"]):
        own = {"type": part["type"], "id": next(numbers)}
        if part["type"] == LABEL:
            field = part["component"]
            answer = given.get(field["custom_id"], _default(field))
            shown.append(own | {"component": _answered(field, answer, attach) | {"id": next(numbers)}})
        else:
            shown.append(own)
    return shown


def _fields(form: Tree) -> Iterator[dict[str, Any]]:
    return (each for each in components(form.get("components")) if "custom_id" in each)


def _default(field: Tree) -> Any:
    chosen = [each["value"] for each in entries(field.get("options")) if each.get("default")]
    kind = field["type"]
    if kind == INPUT:
        return field.get("value") or ""
    if kind == CHECKBOX:
        return bool(field.get("default"))
    if kind == RADIO:
        return chosen[0] if chosen else None
    return chosen


def _answered(field: Tree, answer: Any, attach: Callable[[tuple[str, bytes]], str]) -> dict[str, Any]:
    kind, name = field["type"], field["custom_id"]
    own: dict[str, Any] = {"type": kind, "custom_id": name}
    if kind in _SINGLE:
        _check(field, [] if answer in {None, ""} else [answer])
        return own | {"value": answer}
    answers: Sequence[Any] = list(answer)
    _check(field, answers)
    return own | {"values": [attach(each) for each in answers] if kind == UPLOAD else answers}


def _check(field: Tree, answers: Sequence[Any]) -> None:
    kind, name = field["type"], field["custom_id"]
    # discord.py sends null for a bound that it does not set.
    least = 0 if field.get("required") is False else _bound(field, "min_values", 1)
    if kind in _SEVERAL and len(answers) > _bound(field, "max_values", _most(field)):
        raise CannotType(f"{name} takes no {len(answers)} values")
    if len(answers) < least:
        raise CannotType(f"{name} must be filled in")
    if (options := entries(field.get("options"))) and (
        unknown := [each for each in answers if each not in [option["value"] for option in options]]
    ):
        raise CannotType(f"{name} offers no {unknown}")


def _bound(field: Tree, name: str, otherwise: int) -> int:
    bound = field.get(name)
    return otherwise if bound is None else bound


def _most(field: Tree) -> int:
    # A group of checkboxes takes all of its choices by default, a select and an upload one.
    return len(entries(field.get("options"))) if field["type"] == CHECKBOXES else 1
