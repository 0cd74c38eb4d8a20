"""Redaction removes secrets by value and by shape, and leaves other text readable."""

import re
import time
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.ops.redact import Redactor

# Brackets are left out, as a secret that holds a part of the mark could reappear around it.
SECRETS = st.text(st.characters(codec="utf-8", exclude_characters="[]"), min_size=12, max_size=40)

BOT_TOKEN = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs_abc"


class Thing:
    """Object whose repr holds the given text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"<Thing {self.text}>"


def holders(secret: str) -> st.SearchStrategy[Any]:
    """Structures with the secret somewhere in them, among other things."""
    leaf = st.sampled_from(
        [
            secret,
            f"before{secret}after",
            f"{secret}{secret}",
            secret.encode(),
            SecretStr(secret).get_secret_value(),
            ValueError(secret),
            KeyError(f"key {secret}", 3),
            Thing(secret),
            Thing(repr(secret)),
        ]
    )
    other = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5))
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(st.one_of(inner, other), min_size=1, max_size=3),
            st.tuples(inner, other),
            st.dictionaries(st.sampled_from(["a", "b", secret, f"k{secret}"]), inner, min_size=1, max_size=2),
            inner.map(lambda item: MappingProxyType({"x": item})),
            inner.map(lambda item: Thing(repr(item))),
        ),
        max_leaves=6,
    )


def leaks(secret: str, value: Any) -> bool:
    """Return whether the secret is in any text of a structure, or in the way that text is shown."""
    if isinstance(value, dict):
        return any(leaks(secret, part) for pair in value.items() for part in pair)  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return any(leaks(secret, item) for item in value)  # pyright: ignore[reportUnknownVariableType]
    return isinstance(value, str) and (secret in value or repr(secret)[1:-1] in value)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_known_secret_is_in_no_structure_after_redaction(data: st.DataObject) -> None:
    secret = data.draw(SECRETS)
    value = data.draw(holders(secret))
    assert not leaks(secret, Redactor([SecretStr(secret)]).value(value))


@settings(deadline=None, max_examples=60)
@given(SECRETS)
def test_a_redacted_text_does_not_change_when_redacted_again(secret: str) -> None:
    redactor = Redactor([SecretStr(secret)])
    once = redactor.text(f"GET /?key={secret} x-api-key: {secret}")
    assert redactor.text(once) == once


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"token {BOT_TOKEN}!", "token [redacted]!"),
        ("mfa.abcdefghijklmnopqrstuvwxyz", "[redacted]"),
        ("aW50ZXJhY3Rpb246MTIzNDU2 sent", "[redacted] sent"),
        ("x-api-key: SG_1 next", "x-api-key: [redacted] next"),
        ("{'X-Api-Key': 'SG_1', 'a': 1}", "{'X-Api-Key': '[redacted]', 'a': 1}"),
        ("[(b'x-api-key', b'SG_1')]", "[(b'x-api-key', b'[redacted]')]"),
        ("Authorization: Bot abc.def", "Authorization: [redacted]"),
        ('{"authorization": "Bearer abc"}', '{"authorization": "[redacted]"}'),
        ('{"op": 2, "d": {"token": "a b"}}', '{"op": 2, "d": {"token": "[redacted]"}}'),
        ("PATCH /webhooks/12/tok_-en/messages/@original", "PATCH /webhooks/12/[redacted]/messages/@original"),
        ("POST /interactions/12/token/callback", "POST /interactions/12/[redacted]/callback"),
        ("'/webhooks/12/token'", "'/webhooks/12/[redacted]'"),
        ("https://cdn/a.png?ex=6a&is=6b&hm=6c&", "https://cdn/a.png?[redacted]"),
        ("https://cdn/a.png?ex=6a&is=6b&hm=6c&doppel=J1 x", "https://cdn/a.png?[redacted] x"),
        ("https://cdn/a.png?doppel=6c61&width=4", "https://cdn/a.png?[redacted]&width=4"),
        ("https://cdn/a.png?width=4&hm=6c", "https://cdn/a.png?width=4&[redacted]"),
        ("'data:image/png;base64,iVBOR+/=='", "'[redacted]'"),
        ("data:image/svg+xml;charset=utf-8;base64,AAAA end", "[redacted] end"),
        ("data:text/plain,hello%20you", "[redacted]"),
        ("postgresql+asyncpg://doppel:pw@db/doppel", "postgresql+asyncpg://doppel:[redacted]@db/doppel"),
    ],
)
def test_what_has_the_shape_of_a_secret_is_taken_out(text: str, shown: str) -> None:
    assert Redactor().text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "bot.jobs.runner started",
        "discord.ext.commands.bot.AutoShardedBot.on_message_without_command",
        "the authorization, as it were, and the token of the reply",
        "https://images.segmind.com/outputs/6f1c.png?width=512",
        "http://127.0.0.1:8700/v2/requests/abc/status",
        "/webhooks and /interactions",
        "data: 3, 4",
        "2026-08-01T10:00:00.000000Z",
    ],
)
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert Redactor([SecretStr("hunter2hunter2")]).text(text) == text


def test_values_under_telling_names_are_taken_out_whatever_they_are() -> None:
    headers = {
        "x-api-key": "a",
        "Authorization": ["b"],
        "set-cookie": 3,
        "interaction_token": "c",
        "accept": "d",
    }
    shown = Redactor().value(headers)
    assert [name for name, value in shown.items() if value == "[redacted]"] == list(headers)[:4]
    assert Redactor().value([("X-API-Key", "a"), ("accept", "b")]) == [
        ["X-API-Key", "[redacted]"],
        ["accept", "b"],
    ]
    assert Redactor().value({"token": None}) == {"token": None}


def test_plain_values_keep_their_kind_and_bytes_are_only_counted() -> None:
    plain = {"a": 1, "b": 2.5, "c": True, "d": None, "e": ["x"], 7: ()}
    assert Redactor().value(plain) == {"a": 1, "b": 2.5, "c": True, "d": None, "e": ["x"], "7": []}
    assert Redactor().value(b"abc") == "<3 bytes>"


def test_a_short_secret_does_not_blank_out_words() -> None:
    assert Redactor([SecretStr("doppel")]).text("doppel is ready") == "doppel is ready"


def test_a_secret_within_a_longer_one_leaves_no_rest() -> None:
    short, long = SecretStr("abcdefgh"), SecretStr("abcdefgh-ijklmnop")
    assert Redactor([short, long]).text("abcdefgh-ijklmnop") == "[redacted]"


def test_a_structure_that_contains_itself_is_shown_in_part() -> None:
    loop: dict[str, Any] = {"secret_word": "hunter2hunter2"}
    loop["again"] = loop
    assert "hunter2" not in str(Redactor([SecretStr("hunter2hunter2")]).value(loop))
    nest: Any = "hunter2hunter2"
    for _ in range(20):
        nest = [nest]
    assert "hunter2" not in str(Redactor([SecretStr("hunter2hunter2")]).value(nest))


def test_an_object_that_cannot_show_itself_is_named_by_its_kind() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("hunter2")

    assert Redactor().value(Broken()) == "<Broken>"


@pytest.mark.parametrize(
    "piece",
    [
        "?",
        "data:a/",
        "data:a/b;",
        "a-",
        "://",
        "://a:",
        "/webhooks/1/",
        "?ex=",
        '"token":',
        "x-api-key",
        "mfa.",
        "\\",
    ],
)
def test_a_long_line_made_to_be_slow_is_still_cheap(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    started = time.process_time()
    Redactor([SecretStr("hunter2hunter2")]).text(text)
    assert time.process_time() - started < 1.5


def test_the_mark_is_the_same_everywhere() -> None:
    assert re.fullmatch(r"(\[redacted\] ?)+", Redactor([SecretStr("a" * 8)]).text(f"{'a' * 8} {BOT_TOKEN}"))
