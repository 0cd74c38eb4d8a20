"""Interactions and messages: respond, edit, delete, by token or through the channel."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.discord import rules
from tests.discord.entities import App, DirectChannel, Guild, Member
from tests.discord.faults import DiscordError
from tests.discord.forms import form_problems
from tests.discord.records import (
    EPHEMERAL,
    LOADING,
    Attachment,
    EditRoute,
    FileStore,
    Interaction,
    Message,
    new_id,
    now,
)
from tests.discord.requests import Call

SEND, DEFERRED, DEFERRED_UPDATE, FORM = 4, 5, 6, 9
SLASH_ANSWER, FOLLOW_UP = 20, 23


class Messages:
    """Handlers of interactions and messages. Tests may change `upload_limit` and `answer_seconds`."""

    def __init__(self, app: App, guilds: Sequence[Guild], files: FileStore) -> None:
        self._app = app
        self._guilds = guilds
        self._files = files
        self.upload_limit = 10 * 2**20
        # Discord allows three seconds, which a slow test machine may exceed.
        self.answer_seconds = 60.0
        self.interactions: dict[str, Interaction] = {}
        self.unprompted: list[Message] = []
        """Messages that the bot sent outside of an interaction."""
        self.direct: dict[int, DirectChannel] = {}
        """Private channels by user id; they exist before their first message."""
        self._by_id: dict[int, Message] = {}
        self._by_nonce: dict[str, Message] = {}

    def __iter__(self) -> Iterator[Message]:
        """Iterate over all messages of the bot, oldest first."""
        return iter(self._by_id.values())

    def find(self, message_id: int) -> Message | None:
        return self._by_id.get(message_id)

    def answer(self, call: Call) -> dict[str, Any] | None:
        interaction = self._interaction(call, 10062, "Unknown interaction")
        if interaction.answered.is_set():
            raise DiscordError(400, 40060, "Interaction has already been acknowledged.")
        if time.time() - interaction.sent_at > self.answer_seconds:
            raise DiscordError(404, 10062, "Unknown interaction")
        kind: int = call.body["type"]
        data: dict[str, Any] = call.body.get("data") or {}
        if kind == FORM and interaction.submitted is None:
            interaction.form = data
        elif kind == DEFERRED_UPDATE and interaction.pressed is not None:
            interaction.message = interaction.pressed
        elif kind in {SEND, DEFERRED}:
            interaction.message = self.new_reply(interaction, SLASH_ANSWER, data.get("flags") or 0)
            if kind == DEFERRED:
                interaction.message.flags = (interaction.message.flags & EPHEMERAL) | LOADING
            else:
                self._apply(interaction.message, data, call, "callback")
        else:
            raise DiscordError(400, 50035, f"Invalid Form Body: this is not answered with {kind}")
        interaction.answered_at = time.time()
        interaction.answered.set()
        return _callback(interaction, kind) if call.query.get("with_response") in {"1", "true"} else None

    def post(self, channel_id: int, author: Mapping[str, Any], *files: tuple[str, bytes]) -> Message:
        """Return a new message of a member, with these files."""
        attached = [self._files.put(channel_id, *file) for file in files]
        message = Message(new_id(), channel_id, author, attachments=attached)
        self._by_id[message.id] = message
        return message

    def edit_by_token(self, call: Call) -> dict[str, Any]:
        return self._edit(self._by_token(call), call, "token")

    def get_by_token(self, call: Call) -> dict[str, Any]:
        return self._by_token(call).payload()

    def delete_by_token(self, call: Call) -> None:
        self._by_token(call).deleted = True

    def follow_up(self, call: Call) -> dict[str, Any]:
        interaction = self._open_interaction(call)
        if interaction.message is not None and interaction.message.flags & LOADING:
            # Until the deferred reply has content, a follow-up is an edit of it.
            return self._edit(_existing(interaction.message), call, "token")
        message = self.new_reply(interaction, FOLLOW_UP, call.body.get("flags") or 0)
        self._apply(message, call.body, call, "token")
        interaction.follow_ups.append(message)
        return message.payload()

    def edit_in_channel(self, call: Call) -> dict[str, Any]:
        return self._edit(self._in_channel(call), call, "channel")

    def get_in_channel(self, call: Call) -> dict[str, Any]:
        return self._in_channel(call).payload()

    def delete_in_channel(self, call: Call) -> None:
        self._in_channel(call).deleted = True

    def send(self, call: Call) -> dict[str, Any]:
        channel_id = self._channel(call)
        nonce = call.body.get("nonce") if call.body.get("enforce_nonce") else None
        if (before := self._by_nonce.get(nonce or "")) is not None:
            return _existing(before).payload()
        if (original := call.body.get("message_reference")) is not None:
            meant = self._by_id.get(int(original["message_id"]))
            there = meant is not None and not meant.deleted and not meant.flags & EPHEMERAL
            if original.get("fail_if_not_exists", True) and not there:
                raise DiscordError(400, 50035, "Invalid Form Body: message_reference: Unknown message")
        message = Message(new_id(), channel_id, self._app.user)
        self._apply(message, call.body, call, "channel")
        self._by_id[message.id] = message
        self.unprompted.append(message)
        if nonce:
            self._by_nonce[nonce] = message
        return message.payload()

    def open_direct(self, call: Call) -> dict[str, Any]:
        user_id = int(call.body["recipient_id"])
        return self.direct.setdefault(user_id, DirectChannel(Member("somebody", user_id))).payload

    def guild(self, call: Call) -> dict[str, Any]:
        guild = next((each for each in self._guilds if each.id == call.number("guild_id")), None)
        if guild is None:
            raise DiscordError(404, 10004, "Unknown Guild")
        if not guild.joined:
            raise DiscordError(403, 50001, "Missing Access")
        return guild.rest_payload

    def leave(self, call: Call) -> None:
        next(each for each in self._guilds if each.id == call.number("guild_id")).joined = False

    def rules(self, call: Call) -> list[str]:
        """Return the problems of a message's new content."""
        body: Mapping[str, Any] = call.body or {}
        if call.endpoint == "answer":
            data: Mapping[str, Any] = body.get("data") or {}
            if body.get("type") == FORM:
                return list(form_problems(data))
            body = data
        message = self._target(call)
        was_v2 = message is not None and bool(message.flags & rules.COMPONENTS_V2)
        return list(rules.message(body, is_v2=was_v2, attached=_names(message, body, call)))

    def _target(self, call: Call) -> Message | None:
        interaction = self.interactions.get(call.token)
        if call.is_original:
            return None if interaction is None else interaction.message
        return self._by_id.get(call.number("message_id")) if "message_id" in call.parts else None

    def _edit(self, message: Message, call: Call, route: EditRoute) -> dict[str, Any]:
        message.edited_at = now()
        self._apply(message, call.body, call, route)
        return message.payload()

    def _apply(self, message: Message, body: Mapping[str, Any], call: Call, route: EditRoute) -> None:
        if any(len(file.content) > self.upload_limit for file in call.files.values()):
            raise DiscordError(413, 40005, "Request entity too large")
        if "attachments" in body or call.files:
            message.attachments = self._attached(message, body.get("attachments"), call)
        message.apply(body, route)

    def _attached(self, message: Message, listed: Any, call: Call) -> list[Attachment]:
        """Return the attachments after an edit: those that are listed stay or are added, all others go."""
        found: list[Attachment] = []
        kept = {str(each.id): each for each in message.attachments}
        for entry in rules.entries(listed):
            name = str(entry["id"])
            if name in kept:
                found.append(kept[name])
            elif (file := call.files.get(f"files[{name}]")) is not None:
                filename = entry.get("filename") or file.name
                found.append(
                    self._files.put(message.channel_id, filename, file.content, entry.get("description"))
                )
            else:
                raise DiscordError(400, 50035, f"Invalid Form Body: there is no attachment {name}")
        return found

    def new_reply(self, interaction: Interaction, kind: int, flags: int) -> Message:
        message = Message(
            new_id(),
            interaction.channel_id,
            self._app.user,
            type=kind,
            flags=flags & EPHEMERAL,
            application_id=self._app.id,
        )
        self._by_id[message.id] = message
        return message

    def _interaction(self, call: Call, code: int, words: str) -> Interaction:
        if (interaction := self.interactions.get(call.token)) is None:
            raise DiscordError(404, code, words)
        return interaction

    def _open_interaction(self, call: Call) -> Interaction:
        interaction = self._interaction(call, 10015, "Unknown Webhook")
        if call.number("webhook_id") != self._app.id or interaction.message is None:
            raise DiscordError(404, 10015, "Unknown Webhook")
        if time.time() >= interaction.expires_at:
            raise DiscordError(401, 50027, "Invalid Webhook Token")
        return interaction

    def _by_token(self, call: Call) -> Message:
        interaction = self._open_interaction(call)
        own = [each for each in (interaction.message, *interaction.follow_ups) if each is not None]
        meant = own[0].id if call.is_original else call.number("message_id")
        return _existing(next((each for each in own if each.id == meant), None))

    def _channel(self, call: Call) -> int:
        number = call.number("channel_id")
        if (private := next((each for each in self.direct.values() if each.id == number), None)) is not None:
            if private.error_code is not None:
                raise DiscordError(403, private.error_code, "Cannot send messages to this user")
            return private.id
        guild = next((each for each in self._guilds if each.channel.id == number), None)
        if guild is None:
            raise DiscordError(404, 10003, "Unknown Channel")
        if not (guild.joined and guild.channel.open):
            raise DiscordError(403, 50001, "Missing Access")
        return guild.channel.id

    def _in_channel(self, call: Call) -> Message:
        channel_id = self._channel(call)
        message = _existing(self._by_id.get(call.number("message_id")))
        # Ephemeral messages do not exist in the channel.
        if message.channel_id != channel_id or message.flags & EPHEMERAL:
            raise DiscordError(404, 10008, "Unknown Message")
        return message


def _existing(message: Message | None) -> Message:
    if message is None or message.deleted:
        raise DiscordError(404, 10008, "Unknown Message")
    return message


def _names(message: Message | None, body: Mapping[str, Any], call: Call) -> list[str]:
    """Return the names of the message's files after the edit."""
    before = {} if message is None else {str(each.id): each.filename for each in message.attachments}
    if "attachments" not in body and not call.files:
        return list(before.values())
    names: list[str] = []
    for entry in rules.entries(body.get("attachments")):
        file = call.files.get(f"files[{entry['id']}]")
        uploaded = entry.get("filename") or ("" if file is None else file.name)
        names.append(before.get(str(entry["id"])) or uploaded)
    return names


def _callback(interaction: Interaction, kind: int) -> dict[str, Any]:
    described = {
        "id": str(interaction.id),
        "type": interaction.kind,
        "guild_id": str(interaction.guild_id),
        "channel_id": str(interaction.channel_id),
    }
    if interaction.message is None:
        return {"interaction": described}
    described |= {
        "response_message_id": str(interaction.message.id),
        "response_message_loading": kind == DEFERRED,
        "response_message_ephemeral": interaction.ephemeral,
    }
    if kind == DEFERRED_UPDATE:
        return {"interaction": described}
    # Discord's description has one resource type for every created message.
    return {"interaction": described, "resource": {"type": SEND, "message": interaction.message.payload()}}
