"""Application commands that the bot registered: global ones and those of a server."""

from collections.abc import Mapping
from typing import Any

from tests.discord.entities import App
from tests.discord.records import new_id
from tests.discord.requests import Call


class Commands:
    """Registered commands by server."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._by_guild: dict[str, list[dict[str, Any]]] = {}

    def available(self, guild_id: int) -> Mapping[str, Mapping[str, Any]]:
        """Return the commands that members of a server can type; the server's own take precedence."""
        listed = (*self._by_guild.get("", ()), *self._by_guild.get(str(guild_id), ()))
        return {each["name"]: each for each in listed}

    def list_commands(self, call: Call) -> list[dict[str, Any]]:
        return self._by_guild.get(_guild(call), [])

    def overwrite(self, call: Call) -> list[dict[str, Any]]:
        """Replace all commands; a command that is not listed is removed."""
        self._by_guild[_guild(call)] = [self._as_registered(each, call) for each in call.body]
        return self._by_guild[_guild(call)]

    def _as_registered(self, command: Mapping[str, Any], call: Call) -> dict[str, Any]:
        own = {"guild_id": _guild(call)} if _guild(call) else {}
        # Discord accepts permissions as numbers and returns them as strings.
        if (permissions := command.get("default_member_permissions")) is not None:
            own["default_member_permissions"] = str(permissions)
        return {
            "id": str(new_id()),
            "application_id": str(self._app.id),
            "version": str(new_id()),
            "type": 1,
            # Context menu commands have no description; Discord returns an empty one.
            "description": "",
            "default_member_permissions": None,
            **{name: value for name, value in command.items() if value is not None},
            **own,
        }


def _guild(call: Call) -> str:
    return call.parts.get("guild_id", "")
