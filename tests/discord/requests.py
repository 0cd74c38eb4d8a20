"""Calls of the bot: parsed, and compared with Discord's description."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.discord.faults import DiscordError
from tests.discord.rules import entries
from tests.discord.spec import Spec

JSON, FORM = "application/json", "multipart/form-data"


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A parsed call of the bot."""

    endpoint: str
    method: str
    path: str
    path_template: str
    """The path as Discord's description writes it."""
    parts: Mapping[str, str] = field(repr=False)
    authorization: str = field(repr=False)
    content_type: str = JSON
    body: Any = None
    files: Mapping[str, File] = field(default_factory=dict[str, File])
    query: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def text(self) -> str:
        """Path and body as text, for searches."""
        return f"{self.path} {json.dumps(self.body, ensure_ascii=False)}"

    @property
    def token(self) -> str:
        """The token of the call's interaction."""
        return self.parts.get("webhook_token") or self.parts.get("interaction_token") or ""

    @property
    def is_original(self) -> bool:
        return self.path_template.endswith("/@original")

    def number(self, name: str) -> int:
        try:
            return int(self.parts[name])
        except ValueError:
            raise DiscordError(400, 50035, f"Invalid Form Body: {name} is no id") from None


async def read_call(request: web.Request, *, endpoint: str, path_template: str) -> Call:
    content_type, body, files = request.content_type, None, dict[str, File]()
    if request.can_read_body:
        if content_type == FORM:
            body, files = await _form(request)
        elif request.headers.get("Content-Type") == JSON:
            body = json.loads(await request.read())
        else:
            raise DiscordError(400, 50035, f"Expected \"Content-Type\" header to be one of {{'{JSON}'}}.")
    return Call(
        endpoint=endpoint,
        method=request.method,
        path=request.path,
        path_template=path_template,
        parts=dict(request.match_info),
        authorization=request.headers.get("Authorization", ""),
        content_type=content_type,
        body=body,
        files=files,
        query=dict(request.query),
    )


async def _form(request: web.Request) -> tuple[Any, dict[str, File]]:
    body: Any = None
    files: dict[str, File] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            # A call that is late may outlive its test, and would leave the file open.
            with value.file as file:
                files[name] = File(value.filename, file.read())
        elif name == "payload_json":
            body = json.loads(str(value))
        else:
            raise DiscordError(400, 50035, f"Invalid Form Body: {name}")
    return body, files


class Inspector:
    """Compares each call with Discord's description and additional rules."""

    def __init__(self, spec: Spec | None) -> None:
        self._spec = spec
        self.violations: list[str] = []

    def check_request(self, call: Call, rules: Callable[[], list[str]]) -> None:
        """Raise the error that Discord would return, and record every violation."""
        problems = self._spec_problems(call)
        if not problems:
            problems = rules()
        if problems:
            self.violations += [f"{call.method} {call.path_template}: {problem}" for problem in problems]
            raise DiscordError(400, 50035, f"Invalid Form Body: {problems[0]}")

    def check_response(self, call: Call, status: int, body: Any) -> None:
        """Check the small Discord's own response against the description."""
        if self._spec is not None:
            self.violations += self._spec.check_response(call.method, call.path_template, status, body)

    def _spec_problems(self, call: Call) -> list[str]:
        if self._spec is None or (call.body is None and call.method in {"GET", "DELETE"}):
            return []
        form = {name: file.name for name, file in call.files.items()}
        body = {**entries([call.body])[0], **form} if form else call.body
        return self._spec.check_request(call.method, call.path_template, call.content_type, body)
