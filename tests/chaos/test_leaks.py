"""The scanner finds each kind of leak, and the scenarios' secrets look like real ones."""

import json
from base64 import b64decode

import pytest

from bot.sandbox.segmind.assets import Assets
from tests.chaos.environment import SEGMIND_KEY
from tests.chaos.leaks import CANARY, FACE_KEY, PASSWORD, LeakScanner
from tests.discord.entities import App
from tests.discord.records import FileStore, interaction_token

TOKEN = App().token()
OUTPUTS = Assets("outputs", max_count=1, max_bytes=1)
LEAKS = {
    "what a member typed": f"plain-{CANARY}.png",
    "the key of the faces": FACE_KEY,
    "the database's password": f"postgresql://postgres:{PASSWORD}@/doppel",
    "a key of Segmind": f"x-api-key: {SEGMIND_KEY}3",
    "an interaction's token": f"/webhooks/1/{interaction_token(17)}/messages/@original",
    "a signed address of Discord": FileStore().put(1, "a.png", b"x").url,
    "the address of a file at Segmind": OUTPUTS.put(b"x", "image/png", name="a.png", now=0),
    "the bot's token": f"Bot {TOKEN}",
}


def entry(event: str, **more: str) -> str:
    return json.dumps({"event": event, "logger": "lib", "level": "debug", **more})


@pytest.mark.parametrize("what", LEAKS)
def test_each_kind_of_leak_is_found_and_not_repeated(what: str) -> None:
    quiet = entry("all is well")
    output = "\n".join([quiet, entry("it went wrong", body=LEAKS[what]), quiet, ""])
    (sentence,) = LeakScanner(TOKEN).findings([quiet, output, output])
    assert sentence == f"a log shows {what}: lib, debug: 'it went wrong', in body, event, level, logger"
    assert LEAKS[what] not in sentence


def test_a_leak_in_a_line_that_is_not_an_entry_is_found() -> None:
    (sentence,) = LeakScanner(TOKEN).findings([f"Traceback: {TOKEN}"])
    assert sentence.startswith("a log shows the bot's token: a line of ")
    assert TOKEN not in sentence


def test_a_harmless_log_has_no_findings() -> None:
    output = [entry("a job is done", job="1a2b", guild="17"), "doppel: the database cannot be used.", ""]
    assert LeakScanner(TOKEN).findings(output) == []


def test_the_face_key_is_valid() -> None:
    assert len(b64decode(FACE_KEY)) == 32
