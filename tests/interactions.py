"""Interactions in other languages and from user-installed apps."""

from typing import Any

from tests.harness import Stage


class Arrivals:
    """Changes interactions on arrival, since the simulated Discord has one locale and no user installs."""

    def __init__(self, stage: Stage) -> None:
        self._locales: dict[int, str] = {}
        self._apps: dict[int, dict[str, Any]] = {}
        parsers = stage.app.client._connection.parsers  # pyright: ignore[reportPrivateUsage]
        self._parse = parsers["INTERACTION_CREATE"]
        parsers["INTERACTION_CREATE"] = self._arrive

    def speaks(self, user_id: int, locale: str) -> None:
        self._locales[user_id] = locale

    def brings_the_app(self, user_id: int, *, to: int | None = None) -> None:
        """Make this user's interactions come from their own app, in a server that has the bot or not."""
        owners = {"1": str(user_id)} | ({} if to is None else {"0": str(to)})
        self._apps[user_id] = {"authorizing_integration_owners": owners}

    def _arrive(self, data: dict[str, Any]) -> None:
        user_id = int((data.get("member") or data)["user"]["id"])
        locale = self._locales.get(user_id, data["locale"])
        self._parse(data | {"locale": locale} | self._apps.get(user_id, {}))
