"""A member who sends a command, and the reply that they see."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from tests.discord.entities import Member
from tests.discord.forms import CannotType, filled_in
from tests.discord.records import (
    EPHEMERAL,
    Attachment,
    Edit,
    FileStore,
    Interaction,
    Message,
    interaction_token,
    new_id,
)
from tests.discord.rules import entries
from tests.patience import PATIENCE

T = TypeVar("T")

SUBCOMMAND, STRING, INTEGER, BOOLEAN, NUMBER, ATTACHMENT = 1, 3, 4, 5, 10, 11
MESSAGE_MENU = 3
_TYPES: Mapping[int, tuple[type, ...]] = {
    STRING: (str,),
    INTEGER: (int,),
    BOOLEAN: (bool,),
    NUMBER: (int, float),
    ATTACHMENT: (tuple,),
}


async def eventually(
    find: Callable[[], T | None], description: Callable[[], str], seconds: float = PATIENCE
) -> T:
    """Call `find` until it finds something, and return that."""
    try:
        async with asyncio.timeout(seconds):
            while not (found := find()):
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"timed out waiting for {description()}") from None
    return found


class Reply:
    """The bot's reply to a command, with all its edits."""

    def __init__(self, interaction: Interaction) -> None:
        self.interaction = interaction

    @property
    def id(self) -> int:
        assert self.interaction.message is not None
        return self.interaction.message.id

    @property
    def token(self) -> str:
        return self.interaction.token

    @property
    def edits(self) -> list[Edit]:
        return [] if self.interaction.message is None else self.interaction.message.edits

    @property
    def texts(self) -> list[str]:
        return [edit.text for edit in self.edits]

    @property
    def text(self) -> str:
        return self.edits[-1].text if self.edits else ""

    @property
    def attachments(self) -> list[Attachment]:
        return [] if self.interaction.message is None else self.interaction.message.attachments

    @property
    def ephemeral(self) -> bool:
        return self.interaction.ephemeral

    @property
    def deleted(self) -> bool:
        return self.interaction.message is not None and self.interaction.message.deleted

    async def acknowledged(self) -> None:
        await eventually(
            self.interaction.answered.is_set, lambda: f"an answer to /{self.interaction.command}"
        )

    async def wait_for(self, *words: str) -> str:
        def found() -> str | None:
            return self.text if all(word in self.text for word in words) else None

        return await eventually(found, lambda: f"{words} in {self.texts}")

    async def refused(self, *words: str) -> None:
        """Wait until the member alone reads these words, and the placeholder is gone."""

        def found() -> bool:
            private = [each for each in self.interaction.follow_ups if each.flags & EPHEMERAL]
            said = [edit.text for each in private for edit in each.edits]
            return self.deleted and any(all(word in text for word in words) for text in said)

        await eventually(lambda: found() or None, lambda: f"{words} for the member alone")

    def expire_token(self) -> None:
        """Expire the interaction's token now."""
        self.interaction.expires_at = time.time()


def fill_in(
    command: Mapping[str, Any],
    subcommands: Sequence[str],
    options: Mapping[str, Any],
    store: FileStore,
    channel_id: int,
) -> dict[str, Any]:
    """Return an interaction's `data` for the options that a member filled in."""
    attachments: dict[str, Any] = {}
    given = _options(
        command, subcommands, options, lambda file: _attached(file, store, channel_id, attachments)
    )
    resolved = {"resolved": {"attachments": attachments}} if attachments else {}
    return {"id": command["id"], "name": command["name"], "type": 1, "options": given, **resolved}


def _options(
    command: Mapping[str, Any],
    subcommands: Sequence[str],
    options: Mapping[str, Any],
    attach: Callable[[tuple[str, bytes]], str],
) -> list[dict[str, Any]]:
    known = {str(each["name"]): each for each in entries(command.get("options"))}
    if subcommands:
        name, *rest = subcommands
        if name not in known:
            raise CannotType(f"/{command['name']} has no subcommand {name}")
        inner = _options(known[name], rest, options, attach)
        return [{"name": name, "type": known[name]["type"], "options": inner}]
    if unknown := options.keys() - known.keys():
        raise CannotType(f"/{command['name']} has no option {', '.join(sorted(unknown))}")
    given: list[dict[str, Any]] = []
    for name, option in known.items():
        if name in options:
            value = _checked(option, options[name])
            shown = attach(value) if option["type"] == ATTACHMENT else value
            given.append({"name": name, "type": option["type"], "value": shown})
        elif option.get("required"):
            raise CannotType(f"/{command['name']} needs {name}")
    return given


def menu_of(command: Mapping[str, Any], message: Message) -> dict[str, Any]:
    """Return an interaction's `data` for a command in the menu of a message."""
    number = str(message.id)
    resolved = {"messages": {number: message.payload()}}
    return {
        "id": command["id"],
        "name": command["name"],
        "type": MESSAGE_MENU,
        "target_id": number,
        "resolved": resolved,
    }


def submission(
    form: Mapping[str, Any], values: Mapping[str, Any], store: FileStore, channel_id: int
) -> dict[str, Any]:
    """Return an interaction's `data` for a form that a member filled in."""
    attachments: dict[str, Any] = {}
    answered = filled_in(form, values, lambda file: _attached(file, store, channel_id, attachments))
    return {
        "custom_id": form["custom_id"],
        "components": answered,
        "resolved": {"attachments": attachments},
    }


def _attached(file: tuple[str, bytes], store: FileStore, channel_id: int, attachments: dict[str, Any]) -> str:
    # Discord hosts the files of a command only for a while.
    stored = store.put(channel_id, *file)
    attachments[str(stored.id)] = stored.payload() | {"ephemeral": True}
    return str(stored.id)


def payload(
    interaction: Interaction,
    member: Member,
    data: Mapping[str, Any],
    *,
    channel: Mapping[str, Any],
    application_id: int,
    upload_limit: int,
) -> dict[str, Any]:
    """Return the data of an INTERACTION_CREATE event."""
    guild_id = str(interaction.guild_id)
    pressed = {} if interaction.pressed is None else {"message": interaction.pressed.payload()}
    return pressed | {
        "id": str(interaction.id),
        "application_id": str(application_id),
        "type": interaction.kind,
        "version": 1,
        "token": interaction.token,
        "data": data,
        "guild": {"id": guild_id, "locale": "en-US", "features": []},
        "guild_id": guild_id,
        "guild_locale": "en-US",
        "channel": channel,
        "channel_id": channel["id"],
        "member": member.payload,
        "locale": "en-US",
        "app_permissions": member.payload["permissions"],
        "attachment_size_limit": upload_limit,
        "authorizing_integration_owners": {"0": guild_id},
        "context": 0,
        "entitlements": [],
    }


def new_interaction(
    command: str,
    *,
    guild_id: int,
    channel_id: int,
    seconds: float,
    pressed: Message | None = None,
    submitted: Mapping[str, Any] | None = None,
) -> Interaction:
    number, now = new_id(), time.time()
    return Interaction(
        number,
        interaction_token(number),
        channel_id,
        guild_id,
        command,
        now,
        now + seconds,
        pressed=pressed,
        submitted=submitted,
    )


def _checked(option: Mapping[str, Any], value: Any) -> Any:
    name, kind = option["name"], option["type"]
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != BOOLEAN):
        raise CannotType(f"{name} cannot be {value!r}")
    if (choices := option.get("choices")) and value not in [each["value"] for each in choices]:
        raise CannotType(f"{name} offers no {value!r}")
    low, high = option.get("min_value", value), option.get("max_value", value)
    if kind in {INTEGER, NUMBER} and not low <= value <= high:
        raise CannotType(f"{name} must be from {low} to {high}")
    if kind == STRING and not option.get("min_length", 0) <= len(str(value)) <= option.get(
        "max_length", 6000
    ):
        raise CannotType(f"{name} has the wrong length")
    return value
