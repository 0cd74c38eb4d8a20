"""Types of files that members can choose for an option or an upload.

Discord takes `file_types` since 5 August 2026 (https://github.com/discord/discord-api-docs/pull/8506), which
discord.py 2.7 does not know, so they are added to what it sends. Discord goes by the name of a file alone:
the bot still looks at the bytes.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from discord import app_commands, ui

from bot.media_kind import MediaKind

# Discord's group of pictures leaves out those of phones.
_TYPES: Mapping[MediaKind, Sequence[str]] = {
    MediaKind.PICTURE: ("image", ".heic", ".heif"),
    MediaKind.VIDEO: ("video",),
}
_EXTRAS = "file_types"

Command = app_commands.Command[Any, ..., Any] | app_commands.Group | app_commands.ContextMenu


def file_types(kinds: Collection[MediaKind]) -> list[str]:
    return [each for kind in MediaKind if kind in kinds for each in _TYPES[kind]]


def file_type_extras(**options: Collection[MediaKind]) -> dict[Any, Any]:
    """Value for the `extras` of a command, which records the file types of its options."""
    return {_EXTRAS: {name: file_types(kinds) for name, kinds in options.items()}}


def add_file_types(command: Command, payload: Mapping[str, Any]) -> None:
    """Add the types to the options in the payload of a command or group."""
    types: Mapping[str, list[str]] = getattr(command, "extras", {}).get(_EXTRAS, {})
    for option in payload.get("options", ()):
        if isinstance(command, app_commands.Group):
            inner = command.get_command(option["name"])
            if inner is not None:
                add_file_types(inner, option)
        elif option["name"] in types:
            option["file_types"] = types[option["name"]]


class MediaUpload(ui.FileUpload[Any]):
    """Upload of a form that takes pictures, or videos too."""

    def __init__(self, custom_id: str, kinds: Collection[MediaKind], **settings: Any) -> None:
        super().__init__(custom_id=custom_id, **settings)
        self._kinds = frozenset(kinds)

    def to_component_dict(self) -> Any:
        return {**super().to_component_dict(), "file_types": file_types(self._kinds)}
