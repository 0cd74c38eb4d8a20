"""What a stopped sandbox keeps for its next start: the chat, and the requests of the local Segmind."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import simcord
import structlog

from bot.sandbox.segmind.server import SegmindState

log = structlog.stdlib.get_logger(__name__)

# The page takes longer to load with each message.
MAX_MESSAGES = 60


@dataclass(frozen=True, slots=True)
class Chat:
    """Messages of one channel in SimCord's own terms, with their files and the tokens that edit them."""

    channel_id: int
    messages: Mapping[int, Any]
    interactions: Mapping[int, Any]
    tokens: Mapping[str, int]
    files: Mapping[str, bytes]

    @classmethod
    def of(cls, env: simcord.Env, channel_id: int) -> "Chat":
        backend = env.backend
        newest = sorted(backend.messages.get(channel_id, {}).items())[-MAX_MESSAGES:]
        messages = dict(newest)
        shown = {each["url"] for message in messages.values() for each in message.attachments}
        return cls(
            channel_id,
            messages,
            {each: found for each, found in backend.interactions.items() if found.message_id in messages},
            {
                token: each
                for token, each in backend.interaction_tokens.items()
                if backend.interactions[each].message_id in messages
            },
            {url: content for url in shown if (content := backend.cdn.get(url)) is not None},
        )

    def restore(self, env: simcord.Env) -> None:
        backend = env.backend
        backend.messages.setdefault(self.channel_id, {}).update(self.messages)
        backend.interactions.update(self.interactions)
        backend.interaction_tokens.update(self.tokens)
        backend.cdn._blobs.update(self.files)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


@dataclass(frozen=True, slots=True)
class SavedState:
    """Chat and requests: an open job has a message in one and a request in the other."""

    chat: Chat
    segmind: SegmindState


def save(path: Path, state: SavedState) -> None:
    path.write_bytes(pickle.dumps(state))


def load(path: Path) -> SavedState | None:
    """The state of the last run, if there is one that this release can read."""
    try:
        # The file is the sandbox's own, beside its database.
        return pickle.loads(path.read_bytes())  # noqa: S301
    except FileNotFoundError:
        return None
    except Exception as error:  # noqa: BLE001 - a file of another release starts an empty chat
        log.warning("chat of the last run not restored", error=type(error).__name__)
        return None
