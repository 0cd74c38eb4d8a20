"""Rules of Discord that its API description lacks (pure)."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

COMPONENTS_V2 = 1 << 15
MAX_TEXT = 4000
MAX_COMPONENTS = 40
MAX_OPTIONS = MOST_CHOICES = 25
MAX_COMMAND_TEXT = 8000
SUBCOMMANDS = frozenset({1, 2})
CHAT_INPUT = 1
# Component types from here on need the V2 flag or a modal.
FIRST_V2 = 9
TEXT_DISPLAY = 10
_NAME = re.compile(r"[-_'\w]{1,32}")
_ATTACHED = "attachment://"

Tree = Mapping[str, Any]


def entries(value: Any) -> list[dict[str, Any]]:
    """Return a list that may be absent or null."""
    return cast("list[dict[str, Any]]", value or [])


def commands(listed: Sequence[Tree]) -> Iterator[str]:
    for name, count in Counter((each["name"], each.get("type", CHAT_INPUT)) for each in listed).items():
        if count > 1:
            yield f"two commands are named {name[0]}"
    for each in listed:
        if each.get("type", CHAT_INPUT) == CHAT_INPUT:
            yield from (f"/{each['name']}: {problem}" for problem in _command_problems(each))


def _command_problems(command: Tree) -> Iterator[str]:
    yield from _name_problems(command)
    yield from _option_problems(entries(command.get("options")))
    if (length := _text_length(command)) > MAX_COMMAND_TEXT:
        yield f"{length} characters in all, and {MAX_COMMAND_TEXT} are allowed"


def _name_problems(thing: Tree) -> Iterator[str]:
    name = thing["name"]
    if not _NAME.fullmatch(name) or name != name.lower():
        yield f"{name!r} is no name: lowercase letters, digits, - and _ only"
    if not 1 <= len(thing.get("description") or "") <= 100:
        yield f"{name!r} needs a description of 1 to 100 characters"


def _option_problems(options: Sequence[Tree]) -> Iterator[str]:
    names = [option["name"] for option in options]
    if len(names) > MAX_OPTIONS:
        yield f"{len(names)} options, and {MAX_OPTIONS} are allowed"
    if len(set(names)) < len(names):
        yield "two options have the same name"
    required = [bool(option.get("required")) for option in options]
    if required != sorted(required, reverse=True):
        yield "a required option comes after an optional one"
    for option in options:
        yield from _name_problems(option)
        choices = entries(option.get("choices"))
        if len(choices) > MOST_CHOICES:
            yield f"{option['name']}: {len(choices)} choices, and {MOST_CHOICES} are allowed"
        if choices and option.get("autocomplete"):
            yield f"{option['name']}: choices and autocomplete exclude each other"
        if option["type"] in SUBCOMMANDS:
            yield from _option_problems(entries(option.get("options")))


def _text_length(thing: Tree) -> int:
    """Count the characters that Discord limits: names, descriptions and the values of choices."""
    own = len(thing["name"]) + len(thing.get("description") or "")
    choices = sum(len(each["name"]) + len(str(each["value"])) for each in entries(thing.get("choices")))
    return own + choices + sum(map(_text_length, entries(thing.get("options"))))


def message(body: Tree, *, is_v2: bool = False, attached: Sequence[str] = ()) -> Iterator[str]:
    """Yield a message's violations. `is_v2`: it has the V2 flag already; `attached`: its files afterwards."""
    tree = list(components(body.get("components")))
    v2 = is_v2 or bool((body.get("flags") or 0) & COMPONENTS_V2)
    if not v2 and any(each["type"] >= FIRST_V2 for each in tree):
        yield "components of the new kind without their flag"
    if v2:
        for name in ("content", "embeds", "poll", "sticker_ids"):
            if body.get(name):
                yield f"{name} beside the new kind of components"
    if (length := sum(map(len, texts(body.get("components"))))) > MAX_TEXT:
        yield f"{length} characters of text, and {MAX_TEXT} are allowed"
    if len(tree) > MAX_COMPONENTS:
        yield f"{len(tree)} components, and {MAX_COMPONENTS} are allowed"
    named = [each["custom_id"] for each in tree if "custom_id" in each]
    if len(set(named)) < len(named):
        yield "two components have the same custom_id"
    if body.get("components") is not None:
        shown = {address.removeprefix(_ATTACHED) for address in addresses(body["components"])}
        yield from (f"{name} is shown, but not attached" for name in sorted(shown - set(attached)))
        if v2:
            yield from (f"{name} is attached, but not shown" for name in sorted(set(attached) - shown))


def components(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield every component of a tree, top to bottom."""
    if isinstance(tree, list):
        for each in cast("list[Any]", tree):
            yield from components(each)
    elif isinstance(tree, dict):
        found = cast("dict[str, Any]", tree)
        if "type" in found:
            yield found
        for name in ("components", "component", "accessory"):
            yield from components(found.get(name))


def texts(tree: Any) -> list[str]:
    """Return every text of a component tree."""
    return [str(each["content"]) for each in components(tree) if each["type"] == TEXT_DISPLAY]


def addresses(tree: Any) -> Iterator[str]:
    """Yield every `attachment://` URL of a tree."""
    if isinstance(tree, str) and tree.startswith(_ATTACHED):
        yield tree
    elif isinstance(tree, dict):
        yield from addresses(list(cast("dict[str, Any]", tree).values()))
    elif isinstance(tree, list):
        for each in cast("list[Any]", tree):
            yield from addresses(each)
