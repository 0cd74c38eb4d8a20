"""A headless client of the page: sends the same requests as the page's scripts."""

import asyncio
import json
import uuid
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Self

import aiohttp

from bot.sandbox.proxy import STATE_HEADER
from bot.settings import Settings
from tests.patience import PATIENCE

# Pause between two looks at the page: the sandbox works longer on one state than a browser does.
_PAUSE = 0.2

# Most tests skip the consent, the safety gate and the marks; the last two take half of an order's time.
# The sandbox of test_terminal.py has both.
AGREED = Settings.model_validate(
    {
        "consent": {"required": False},
        "safety": {"explicit": "off"},
        "marks": {"watermark": False, "label": False},
    }
)


File = tuple[str, bytes]


class Visitor:
    """Loads the page once and acts on that state, so every action comes from an old page."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session = session
        self._address = address
        self._sequence = 0
        self._page: dict[str, Any] = {}
        self._version = ""
        self._earlier: set[str] = set()

    @classmethod
    async def open(cls, session: aiohttp.ClientSession, address: str, *, read_earlier: bool = True) -> Self:
        """Open the page; without `read_earlier`, the visitor reads only messages that appear from now on."""
        visitor = cls(session, address)
        visitor._page = await visitor._request("POST", "/api/pages", json={})
        if not read_earlier:
            visitor._earlier = {*visitor._page["messages"]}
        return visitor

    async def leave(self) -> None:
        """Close the page, as a browser does; otherwise, the sandbox would go on rendering it."""
        await self._request("DELETE", f"/api/pages/{self._page['context']['id']}")

    async def state(self) -> dict[str, Any]:
        return await self._request("GET", "/api/state")

    async def next_state(self) -> dict[str, Any]:
        """Return the state once it is another one than the last, or after the proxy's patience."""
        return await self._request("GET", "/api/state", headers={STATE_HEADER: self._version})

    async def words(self) -> list[str]:
        """Return the text of each message's components."""
        return self._read(await self.state())

    async def until(self, word: str) -> list[str]:
        """Return all messages' texts once the last one contains the word."""
        return await self.until_words(lambda words: word in words[-1])

    async def until_anywhere(self, word: str, times: int = 1) -> None:
        """Wait until so many messages contain the word."""
        await self.until_words(lambda words: sum(word in each for each in words) >= times)

    async def until_words(self, ready: Callable[[list[str]], bool]) -> list[str]:
        """Return all messages' texts once they are ready."""
        words = await self.words()
        async with asyncio.timeout(PATIENCE):
            while not words or not ready(words):
                await asyncio.sleep(_PAUSE)
                words = self._read(await self.next_state())
        return words

    def _read(self, state: Mapping[str, Any]) -> list[str]:
        messages = state["messages"]
        return words_of(
            {"messages": {each: messages[each] for each in messages if each not in self._earlier}}
        )

    async def run(self, command: str, files: dict[str, File], **options: str) -> dict[str, Any]:
        entries = (await self._request("GET", "/api/commands"))["entries"]
        entry = next(each for each in entries if each["invocation"] == command)
        uploads = {name: {"upload": index} for index, name in enumerate(files)}
        action = self._action(
            "run_command",
            command_id=entry["commandId"],
            path=entry["path"],
            schema_fingerprint=entry["schemaFingerprint"],
            options={**uploads, **options},
        )
        return await self._send(action, [(name, *file) for name, file in files.items()])

    async def press(self, label: str) -> dict[str, Any]:
        """Press the newest button with this label."""
        self._page = await self.state()
        found = [
            (number, button)
            for number, message in self._page["messages"].items()
            for button in _buttons(message)
            if button.get("label") == label
        ]
        number, button = found[-1]
        action = self._action("click", target_id=number, control_key=button["control_key"])
        return await self._request("POST", "/api/action", json=action)

    async def use(self, menu: str, **target: int) -> dict[str, Any]:
        """Use a menu of a `message` or a `user`, by its id."""
        self._page = await self.state()
        ((kind, id_),) = target.items()
        (entry,) = [each for each in self._page["server"]["menus"].get(kind, []) if each["name"] == menu]
        return await self.use_id(entry["id"], menu, {kind: str(id_)})

    async def use_id(self, command_id: str, menu: str, target: dict[str, str]) -> dict[str, Any]:
        action = self._action("run_command", command_id=command_id, path=[menu], options={}, target=target)
        return await self._request("POST", "/api/action", json=action)

    async def upload(self, *files: File, **values: str | list[str]) -> dict[str, Any]:
        """Submit the open form with these values, and the files in its first field for files."""
        self._page = await self.state()
        field = _first_upload(self._page["modal"])
        action = self._action("modal_submit", modal_handle=self._page["modal"]["handle"], values=values)
        return await self._send(action, [(field, *file) for file in files])

    async def submit(self, **values: str) -> dict[str, Any]:
        """Submit the open form with these values."""
        self._page = await self.state()
        action = self._action("modal_submit", modal_handle=self._page["modal"]["handle"], values=values)
        return await self._request("POST", "/api/action", json=action)

    async def switch(self, name: str) -> None:
        viewers = {each["name"]: each["id"] for each in self._page["viewers"]}
        await self._request("POST", "/api/action", json=self._action("viewer", viewer_id=viewers[name]))
        self._page = await self.state()

    async def channels(self) -> list[dict[str, Any]]:
        self._page = await self.state()
        return self._page["server"]["channels"]

    async def open_channel(self, name: str) -> None:
        async with asyncio.timeout(PATIENCE):
            # A channel of direct messages begins with the first one.
            while not (found := [each for each in await self.channels() if each["name"] == name]):
                await asyncio.sleep(_PAUSE)
        await self.open_channel_by_id(int(found[0]["id"]))

    async def open_channel_by_id(self, channel_id: int) -> None:
        action = self._action("viewer", viewer_id=self._page["viewerId"], channel_id=str(channel_id))
        await self._request("POST", "/api/action", json=action)
        self._page = await self.state()

    async def close(self) -> None:
        await self._request("POST", "/api/action", json=self._action("close"))

    async def invocations(self) -> set[str]:
        return {each["invocation"] for each in (await self._request("GET", "/api/commands"))["entries"]}

    async def _send(self, action: dict[str, Any], files: list[tuple[str, str, bytes]]) -> dict[str, Any]:
        form = aiohttp.FormData(default_to_multipart=True)
        form.add_field("payload", json.dumps(action))
        for field, filename, content in files:
            form.add_field(f"file:{field}", content, filename=filename)
        return await self._request("POST", "/api/action", data=form)

    def _action(self, kind: str, **values: Any) -> dict[str, Any]:
        self._sequence += 1
        return {
            **values,
            "kind": kind,
            "protocol_version": 3,
            "sequence": self._sequence,
            "request_id": uuid.uuid4().hex,
            "generation": self._page["context"]["generation"],
            "bot_generation": self._page["botGeneration"],
            "published_revision": self._page["publishedRevision"],
        }

    async def _request(
        self, method: str, path: str, headers: Mapping[str, str] = MappingProxyType({}), **content: Any
    ) -> dict[str, Any]:
        context = self._page["context"]["id"] if self._page else ""
        async with self._session.request(
            method,
            f"{self._address}{path}",
            headers={"X-Simcord-Capability": "sandbox", "X-Simcord-Context": context, **headers},
            **content,
        ) as response:
            assert response.status == 200, await response.text()
            self._version = response.headers.get(STATE_HEADER, self._version)
            return await response.json()


def words_of(state: Mapping[str, Any]) -> list[str]:
    return [" ".join(_texts(message)) for message in state["messages"].values()]


def _texts(thing: Any) -> list[str]:
    match thing:
        case {"content": str(words)} if words:
            return [words, *(text for value in thing.values() for text in _texts(value))]
        case dict():
            return [text for value in thing.values() for text in _texts(value)]  # pyright: ignore[reportUnknownVariableType]
        case list():
            return [text for value in thing for text in _texts(value)]  # pyright: ignore[reportUnknownVariableType]
        case _:
            return []


def _buttons(thing: Any) -> list[dict[str, Any]]:
    match thing:
        case {"type": 2, "custom_id": str()}:
            return [thing]  # pyright: ignore[reportUnknownVariableType]
        case dict():
            return [each for value in thing.values() for each in _buttons(value)]  # pyright: ignore[reportUnknownVariableType]
        case list():
            return [each for value in thing for each in _buttons(value)]  # pyright: ignore[reportUnknownVariableType]
        case _:
            return []


def _first_upload(thing: Any) -> str:
    match thing:
        case {"type": 19, "custom_id": str(custom_id)}:
            return custom_id
        case dict():
            return next((found for value in thing.values() if (found := _first_upload(value))), "")  # pyright: ignore[reportUnknownVariableType]
        case list():
            return next((found for value in thing if (found := _first_upload(value))), "")  # pyright: ignore[reportUnknownVariableType]
        case _:
            return ""
