"""Files that are attached to a message."""

import io
from dataclasses import dataclass
from typing import Any

import discord


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """File that a card shows by its name."""

    content: bytes
    filename: str
    alt: str

    def file(self) -> discord.File:
        return upload(self.content, self.filename, self.alt)


def upload(content: bytes, filename: str, alt: str | None = None) -> discord.File:
    """Return a file whose content is freed once discord.py has sent it."""
    return discord.File(_Buffer(content), filename, description=alt)


class _Buffer(io.BytesIO):
    """Buffer without a reference to itself.

    discord.py replaces `close` until a file is sent, and then puts the method back as an attribute. That
    would be a cycle, which keeps the content until a garbage collection, and those are rare.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if getattr(value, "__self__", None) is self:
            super().__delattr__(name)
        else:
            super().__setattr__(name, value)
