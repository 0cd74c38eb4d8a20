"""Messages with their edits, interactions and files of the small Discord."""

import asyncio
import base64
import copy
import hashlib
import hmac
import mimetypes
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from io import BytesIO
from itertools import count
from typing import Any, Literal, cast

from PIL import Image

from tests.discord.rules import texts

EPHEMERAL, LOADING = 1 << 6, 1 << 7
CONTAINER = 17
FORM_SUBMITTED = 5
_EPOCH = 1_420_070_400
_DAY = 24 * 3600

EditRoute = Literal["callback", "token", "channel"]

_ids = count(1)


def new_id() -> int:
    """Return a new snowflake id: the time and a counter."""
    return (int((time.time() - _EPOCH) * 1000) << 22) + next(_ids)


def now() -> str:
    return datetime.now(UTC).isoformat()


# Pillow takes seconds to open a large hostile file, and everybody would wait for this Discord meanwhile.
_MEASURED = 2**20


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a message or a command."""

    id: int
    filename: str
    content: bytes = field(repr=False)
    url: str
    description: str | None = None

    @property
    def media_type(self) -> str:
        """Media type by file name, as Discord determines it."""
        return mimetypes.guess_type(self.filename)[0] or "application/octet-stream"

    def payload(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": str(self.id),
            "filename": self.filename,
            "size": len(self.content),
            "url": self.url,
            "proxy_url": self.url,
            "content_type": self.media_type,
        }
        if self.description is not None:
            shown["description"] = self.description
        if len(self.content) > _MEASURED:
            return shown
        try:
            with Image.open(BytesIO(self.content)) as picture:
                return shown | {"width": picture.width, "height": picture.height}
        # Pillow refuses what is no picture, and warns of the largest ones with an error.
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            return shown


class FileStore:
    """Hosted files with signed URLs that expire after a day; `origin` is set once the server runs."""

    def __init__(self) -> None:
        self.origin = ""
        self._secret = secrets.token_bytes(16)
        self._files: dict[str, Attachment] = {}

    def put(
        self, channel_id: int, filename: str, content: bytes, description: str | None = None
    ) -> Attachment:
        file_id = new_id()
        path = f"/attachments/{channel_id}/{file_id}/{filename}"
        issued = int(time.time())
        query = f"ex={issued + _DAY:x}&is={issued:x}"
        url = f"{self.origin}{path}?{query}&hm={self._signature(path, query)}&"
        self._files[path] = Attachment(file_id, filename, content, url, description)
        return self._files[path]

    def get(self, path: str, query: Mapping[str, str]) -> Attachment | None:
        signed = f"ex={query.get('ex', '')}&is={query.get('is', '')}"
        fits = hmac.compare_digest(query.get("hm", ""), self._signature(path, signed))
        return self._files.get(path) if fits and int(query["ex"], 16) > time.time() else None

    def _signature(self, path: str, query: str) -> str:
        return hmac.new(self._secret, f"{path}?{query}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Edit:
    """Content that an edit gave a message, and the route of the edit."""

    route: EditRoute
    body: Mapping[str, Any] = field(repr=False)
    at: float = field(default_factory=time.time)

    @property
    def components(self) -> list[Any]:
        return cast("list[Any]", self.body.get("components") or [])

    @cached_property
    def text(self) -> str:
        return "\n".join([str(self.body.get("content") or ""), *texts(self.components)]).strip()


@dataclass(eq=False, slots=True)
class Message:
    """A message and all its edits."""

    id: int
    channel_id: int
    author: Mapping[str, Any]
    flags: int = 0
    type: int = 0
    application_id: int | None = None
    content: str = ""
    embeds: list[Any] = field(default_factory=list[Any])
    components: list[Any] = field(default_factory=list[Any])
    attachments: list[Attachment] = field(default_factory=list[Attachment])
    edits: list[Edit] = field(default_factory=list[Edit])
    sent_at: str = field(default_factory=now)
    edited_at: str | None = None
    deleted: bool = False

    def apply(self, body: Mapping[str, Any], route: EditRoute) -> None:
        self.edits.append(Edit(route, copy.deepcopy(body)))
        self.content = body.get("content", self.content) or ""
        self.embeds = body.get("embeds", self.embeds) or []
        self.components = body.get("components", self.components) or []
        self.flags = (self.flags | (body.get("flags") or 0)) & ~LOADING

    def payload(self) -> dict[str, Any]:
        numbers = count(1)
        return {
            "id": str(self.id),
            "channel_id": str(self.channel_id),
            "type": self.type,
            "author": self.author,
            "content": self.content,
            "embeds": self.embeds,
            "components": [self._as_returned(each, numbers) for each in self.components],
            "attachments": [each.payload() for each in self.attachments],
            "mentions": [],
            "mention_roles": [],
            "mention_everyone": False,
            "pinned": False,
            "tts": False,
            "timestamp": self.sent_at,
            "edited_timestamp": self.edited_at,
            "flags": self.flags,
        } | ({} if self.application_id is None else self._webhook())

    def _webhook(self) -> dict[str, Any]:
        return {"application_id": str(self.application_id), "webhook_id": str(self.application_id)}

    def _as_returned(self, tree: Any, numbers: "count[int]") -> Any:
        """Return components as Discord does: with ids, and with URLs of files."""
        if isinstance(tree, list):
            return [self._as_returned(each, numbers) for each in cast("list[Any]", tree)]
        if not isinstance(tree, dict):
            return tree
        found = cast("dict[str, Any]", tree)
        if "name" in found and found.get("id", "") is None:
            # The emoji of a button; one without an id is a character.
            return {"name": found["name"]}
        own: dict[str, Any] = {"id": next(numbers)} if "type" in found else {}
        if found.get("type") == CONTAINER:
            own |= {"accent_color": None, "spoiler": False}
        elif "media" in found:
            own |= {"description": None, "spoiler": False}
        return own | {
            name: self._media(value["url"])
            if name in {"media", "file"}
            else self._as_returned(value, numbers)
            for name, value in found.items()
        }

    def _media(self, address: str) -> dict[str, Any]:
        for each in self.attachments:
            if address == f"attachment://{each.filename}":
                media = {"id": str(each.id), "attachment_id": str(each.id)}
                sizes = {name: value for name, value in each.payload().items() if name in {"width", "height"}}
                return media | sizes | {"url": each.url, "proxy_url": each.url}
        return {"id": str(self.id), "url": address, "proxy_url": address}


@dataclass(eq=False, slots=True)
class Interaction:
    """A command that a member sent, a button that they pressed, or a form that they submitted."""

    id: int
    token: str = field(repr=False)
    channel_id: int
    guild_id: int
    command: str
    sent_at: float
    expires_at: float
    answered_at: float | None = None
    pressed: Message | None = None
    """Message whose button was pressed."""
    submitted: Mapping[str, Any] | None = None
    """Form that was submitted."""
    form: Mapping[str, Any] | None = None
    """Form that the bot opened."""
    message: Message | None = None
    follow_ups: list[Message] = field(default_factory=list[Message])
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def kind(self) -> int:
        """Discord's type: of a command, of a component, or of a form."""
        return FORM_SUBMITTED if self.submitted is not None else 2 if self.pressed is None else 3

    @property
    def ephemeral(self) -> bool:
        return self.message is not None and bool(self.message.flags & EPHEMERAL)


def interaction_token(interaction_id: int) -> str:
    """Return a token as long as Discord's, in base64."""
    content = f"interaction:{interaction_id}:{secrets.token_hex(48)}"
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")
