"""Discord's OpenAPI description, if it is available: checks the bodies of requests and responses."""

import copy
import json
import os
from functools import cache
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import quote

from jsonschema_rs import Draft202012, Draft202012Validator, Registry, ValidationError

from tests.discord.rules import entries

PATH_VARIABLE = "DOPPEL_OPENAPI"
DEFAULT_PATH = Path(__file__).parents[3] / "shared/discord/openapi.json"
_NAME = "urn:discord"
_LONGEST = 400


class Spec:
    """Validators for all paths of the description."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._registry = Registry([(_NAME, document)], draft=Draft202012)
        self._validators: dict[tuple[str, ...], Draft202012Validator] = {}

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
        for error in validator.iter_errors(body):
            inner = _innermost(error)
            where = "/".join(map(str, inner.instance_path))
            return [f"{' '.join(steps[1:3])}: {where or 'the body'}: {inner.message[:_LONGEST]}"]
        return []

    def _validator(self, steps: tuple[str, ...]) -> Draft202012Validator | None:
        if steps not in self._validators:
            found: Any = self._document
            for step in (*steps, "schema"):
                if step not in found:
                    return None
                found = found[step]
            pointer = "/".join(step.replace("~", "~0").replace("/", "~1") for step in (*steps, "schema"))
            schema = {"$ref": f"{_NAME}#/{quote(pointer)}"}
            self._validators[steps] = Draft202012Validator(schema, registry=self._registry)
        return self._validators[steps]


def _innermost(error: ValidationError) -> ValidationError:
    """Return what is wrong with the branch of a `oneOf` or `anyOf` that fits best."""
    branches: list[list[ValidationError]] = getattr(error.kind, "context", [])
    nested = [_innermost(each) for branch in branches for each in branch]
    return max(nested, key=lambda each: len(each.instance_path), default=error)


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
