"""Chat of the simulated Discord, which outlives a restart of the sandbox."""

from dataclasses import dataclass
from pathlib import Path

import simcord
import structlog
from pydantic import TypeAdapter, ValidationError
from simcord.backend.models import Channel, Interaction, Message

from bot.sandbox.memory import Memory

# Messages kept in each channel. The page gets slower with each.
KEPT_MESSAGES = 200

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Chat:
    """The newest messages, and the interactions that the bot may still answer."""

    direct_channels: dict[int, Channel]
    """Channel of direct messages by its member."""
    messages: dict[int, list[Message]]
    """Messages by channel."""
    interactions: list[Interaction]


_ADAPTER = TypeAdapter(_Chat)


class Chat:
    """Saves the chat of a simulated Discord, and restores it into a new one with the same server.

    SimCord has no means of its own for that, but its backend consists of public dataclasses.
    """

    def __init__(self, env: simcord.Env, folder: Path) -> None:
        self._backend = env.backend
        self._memory = Memory(folder)

    def restore(self) -> None:
        document = self._memory.load()
        if document is None:
            return
        try:
            chat = _ADAPTER.validate_json(document)
        except ValidationError as error:
            # Another version of SimCord or of this project wrote it.
            log.warning("earlier chat is unreadable", errors=error.error_count())
            return
        self._restore(chat)

    def save(self) -> None:
        backend, now = self._backend, self._backend.now_iso()
        chat = _Chat(
            direct_channels={user: backend.channels[id_] for user, id_ in backend.dm_channels.items()},
            messages={id_: list(by_id.values())[-KEPT_MESSAGES:] for id_, by_id in backend.messages.items()},
            interactions=[each for each in backend.interactions.values() if (each.expires_at or "") > now],
        )
        files = {
            file["id"]: content
            for messages in chat.messages.values()
            for message in messages
            for file in message.attachments
            if (content := backend.cdn.get(file["url"])) is not None
        }
        self._memory.save(_ADAPTER.dump_json(chat), files)

    def _restore(self, chat: _Chat) -> None:
        backend = self._backend
        for user, channel in chat.direct_channels.items():
            backend.channels[channel.id] = channel
            backend.dm_channels[user] = channel.id
        for id_, messages in chat.messages.items():
            if id_ not in backend.channels:
                continue
            backend.messages[id_] = {each.id: each for each in messages}
            backend.channels[id_].last_message_id = max((each.id for each in messages), default=None)
            for message in messages:
                self._restore_files(message)
        for interaction in chat.interactions:
            backend.interactions[interaction.id] = interaction
            backend.interaction_tokens[interaction.token] = interaction.id

    def _restore_files(self, message: Message) -> None:
        for file in message.attachments:
            if (content := self._memory.file(file["id"])) is not None:
                self._backend.cdn.store_attachment(
                    int(file["id"]), message.channel_id, file["filename"], content, file.get("description")
                )
