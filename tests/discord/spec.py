"""Discord's OpenAPI description, if it is available: checks the bodies of requests and responses."""

import copy
import json
import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Self, cast

from jsonschema import Draft202012Validator, exceptions
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.discord.rules import entries

PATH_VARIABLE = "DOPPEL_OPENAPI"
DEFAULT_PATH = Path(__file__).parents[3] / "shared/discord/openapi.json"
_NAME = "urn:discord"
_LONGEST = 400
# Ids, times and random hexadecimal tokens.
_DIGITS = re.compile(r"[0-9a-f]{12,}|[0-9]+")
_LETTERS = str.maketrans("0123456789", "ghijklmnop")


class Spec:
    """Validators for all paths of the description."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        resource = Resource[Any].from_contents(document, default_specification=DRAFT202012)
        self._registry = Registry[Any]().with_resource(_NAME, resource)
        self._validators: dict[tuple[str, ...], Draft202012Validator] = {}
        self._good: set[tuple[tuple[str, ...], str]] = set()

    @classmethod
    @cache
    def find(cls) -> Self | None:
        """Load the description from the environment's path, or from beside the repository."""
        path = Path(os.environ.get(PATH_VARIABLE) or DEFAULT_PATH)
        return cls(json.loads(path.read_bytes())) if path.is_file() else None

    def check_request(self, method: str, path: str, kind: str, body: Any) -> list[str]:
        """Return what is wrong with a request's body; `path` is a path template of the description."""
        steps = ("paths", path, method.lower(), "requestBody", "content", kind)
        return self._problems(steps, _with_string_ids(body))

    def check_response(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """Return what is wrong with the small Discord's own response."""
        steps = ("paths", path, method.lower(), "responses", str(status), "content", "application/json")
        return self._problems(steps, body)

    def _problems(self, steps: tuple[str, ...], body: Any) -> list[str]:
        if (validator := self._validator(steps)) is None:
            return [f"Discord describes no {'/'.join(steps[2:])} of {steps[1]}"]
        # Validation takes milliseconds, and most bodies differ from an earlier one only in digits.
        if (alike := (steps, _shape(body))) in self._good:
            return []
        # The stubs of jsonschema leave the types of both open.
        found = cast("Iterable[ValidationError]", validator.iter_errors(body))  # pyright: ignore[reportUnknownMemberType]
        error = cast("ValidationError | None", exceptions.best_match(found))  # pyright: ignore[reportUnknownMemberType]
        if error is None:
            self._good.add(alike)
            return []
        where = "/".join(map(str, error.absolute_path))
        return [f"{' '.join(steps[1:3])}: {where or 'the body'}: {error.message[:_LONGEST]}"]

    def _validator(self, steps: tuple[str, ...]) -> Draft202012Validator | None:
        if steps not in self._validators:
            found: Any = self._document
            for step in (*steps, "schema"):
                if step not in found:
                    return None
                found = found[step]
            pointer = "/".join(step.replace("~", "~0").replace("/", "~1") for step in (*steps, "schema"))
            schema = {"$ref": f"{_NAME}#/{pointer}"}
            self._validators[steps] = Draft202012Validator(schema, registry=self._registry)
        return self._validators[steps]


def _shape(body: Any) -> str:
    """Return the body with all digits in its texts alike, as the description never depends on them."""
    return _DIGITS.sub(
        lambda run: ("9" if run[0].isdigit() else "f") * len(run[0]), json.dumps(_numbers_as_text(body))
    )


def _numbers_as_text(body: Any) -> Any:
    """Replace numbers by texts, so that `_shape` keeps their digits."""
    if isinstance(body, dict):
        return {name: _numbers_as_text(value) for name, value in cast("dict[str, Any]", body).items()}
    if isinstance(body, list):
        return [_numbers_as_text(each) for each in cast("list[Any]", body)]
    if isinstance(body, int | float):
        return {"number": repr(body).translate(_LETTERS)}
    return body


def _with_string_ids(body: Any) -> Any:
    """Convert ids to strings: discord.py sends some as numbers, and Discord accepts both."""
    if not isinstance(body, dict):
        return body
    found = copy.deepcopy(cast("dict[str, Any]", body))
    data: dict[str, Any] = found.get("data") or {}
    reference: dict[str, Any] = found.get("message_reference") or {}
    ids = ("id", "message_id", "channel_id", "guild_id", "recipient_id")
    for each in (found, reference, *entries(found.get("attachments")), *entries(data.get("attachments"))):
        each.update({name: str(each[name]) for name in ids if isinstance(each.get(name), int)})
    return found
