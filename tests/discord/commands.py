"""The commands that the bot has told Discord of: for all servers, and for one."""

from collections.abc import Mapping
from typing import Any

from tests.discord.entities import App
from tests.discord.records import new_id
from tests.discord.requests import Call


class Commands:
    def __init__(self, app: App) -> None:
        self._app = app
        self._by_guild: dict[str, list[dict[str, Any]]] = {}

    def known(self, guild_id: int) -> Mapping[str, Mapping[str, Any]]:
        """What members of a server can type, by name; the server's own go before the global ones."""
        listed = (*self._by_guild.get("", ()), *self._by_guild.get(str(guild_id), ()))
        return {each["name"]: each for each in listed}

    def listed(self, call: Call) -> list[dict[str, Any]]:
        return self._by_guild.get(_guild(call), [])

    def overwrite(self, call: Call) -> list[dict[str, Any]]:
        """All at once; what is not named is gone."""
        self._by_guild[_guild(call)] = [self._registered(each, call) for each in call.body]
        return self._by_guild[_guild(call)]

    def _registered(self, command: Mapping[str, Any], call: Call) -> dict[str, Any]:
        own = {"guild_id": _guild(call)} if _guild(call) else {}
        # Numbers are taken, and given back as words.
        if (permissions := command.get("default_member_permissions")) is not None:
            own["default_member_permissions"] = str(permissions)
        return {
            "id": str(new_id()),
            "application_id": str(self._app.id),
            "version": str(new_id()),
            "type": 1,
            # Entries of a context menu have none, and are given back with an empty one.
            "description": "",
            "default_member_permissions": None,
            **{name: value for name, value in command.items() if value is not None},
            **own,
        }


def _guild(call: Call) -> str:
    return call.parts.get("guild_id", "")
