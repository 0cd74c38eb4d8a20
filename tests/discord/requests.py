"""A call of the bot, read from the wire and compared with what Discord takes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.discord.faults import Refusal
from tests.discord.rules import entries
from tests.discord.spec import Spec

JSON, FORM = "application/json", "multipart/form-data"


@dataclass(frozen=True, slots=True)
class File:
    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    endpoint: str
    method: str
    path: str
    described: str
    """The path as Discord's description writes it."""
    parts: Mapping[str, str] = field(repr=False)
    authorization: str = field(repr=False)
    kind: str = JSON
    body: Any = None
    files: Mapping[str, File] = field(default_factory=dict[str, File])
    query: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def words(self) -> str:
        """All that can be looked for in it."""
        return f"{self.path} {json.dumps(self.body, ensure_ascii=False)}"

    @property
    def token(self) -> str:
        """The token of the interaction that it belongs to."""
        return self.parts.get("webhook_token") or self.parts.get("interaction_token") or ""

    @property
    def original(self) -> bool:
        return self.described.endswith("/@original")

    def number(self, name: str) -> int:
        try:
            return int(self.parts[name])
        except ValueError:
            raise Refusal(400, 50035, f"Invalid Form Body: {name} is no id") from None


async def read(request: web.Request, *, endpoint: str, described: str) -> Call:
    kind, body, files = request.content_type, None, dict[str, File]()
    if request.can_read_body:
        if kind == FORM:
            body, files = await _form(request)
        elif request.headers.get("Content-Type") == JSON:
            body = json.loads(await request.read())
        else:
            raise Refusal(400, 50035, f"Expected \"Content-Type\" header to be one of {{'{JSON}'}}.")
    return Call(
        endpoint=endpoint,
        method=request.method,
        path=request.path,
        described=described,
        parts=dict(request.match_info),
        authorization=request.headers.get("Authorization", ""),
        kind=kind,
        body=body,
        files=files,
        query=dict(request.query),
    )


async def _form(request: web.Request) -> tuple[Any, dict[str, File]]:
    body: Any = None
    files: dict[str, File] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = File(value.filename, value.file.read())
        elif name == "payload_json":
            body = json.loads(str(value))
        else:
            raise Refusal(400, 50035, f"Invalid Form Body: {name}")
    return body, files


class Inspector:
    """Compares each call with Discord's description and with the rules that it leaves out."""

    def __init__(self, spec: Spec | None) -> None:
        self._spec = spec
        self.violations: list[str] = []

    def look(self, call: Call, rules: Callable[[], list[str]]) -> None:
        """Raise what Discord would answer, and keep what was wrong for the end of the test."""
        problems = self._described(call)
        if not problems:
            problems = rules()
        if problems:
            self.violations += [f"{call.method} {call.described}: {problem}" for problem in problems]
            raise Refusal(400, 50035, f"Invalid Form Body: {problems[0]}")

    def own(self, call: Call, status: int, body: Any) -> None:
        """The same for what the small Discord answers: it must not say what Discord never would."""
        if self._spec is not None:
            self.violations += self._spec.answered(call.method, call.described, status, body)

    def _described(self, call: Call) -> list[str]:
        if self._spec is None or (call.body is None and call.method in {"GET", "DELETE"}):
            return []
        form = {name: file.name for name, file in call.files.items()}
        body = {**entries([call.body])[0], **form} if form else call.body
        return self._spec.asked(call.method, call.described, call.kind, body)
