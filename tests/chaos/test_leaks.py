"""What the count hears in the logs of a storm, and that the storm's secrets look like what it listens for."""

import json
from base64 import b64decode

import pytest

from bot.sandbox.segmind.assets import Assets
from tests.chaos.environment import CITY_KEY
from tests.chaos.leaks import CANARY, FACE_KEY, PASSWORD, Ears
from tests.discord.entities import App
from tests.discord.records import Shelf, interaction_token

TOKEN = App().token()
OUTPUTS = Assets("outputs", most=1, most_bytes=1)
LEAKS = {
    "what a member typed": f"plain-{CANARY}.png",
    "the key of the faces": FACE_KEY,
    "the database's password": f"postgresql://postgres:{PASSWORD}@/doppel",
    "a key of Segmind": f"x-api-key: {CITY_KEY}3",
    "an interaction's token": f"/webhooks/1/{interaction_token(17)}/messages/@original",
    "a signed address of Discord": Shelf().put(1, "a.png", b"x").url,
    "the address of a file at Segmind": OUTPUTS.put(b"x", "image/png", name="a.png", now=0),
    "the bot's token": f"Bot {TOKEN}",
}


def entry(event: str, **more: str) -> str:
    return json.dumps({"event": event, "logger": "lib", "level": "debug", **more})


@pytest.mark.parametrize("what", LEAKS)
def test_each_kind_of_leak_is_heard_and_not_repeated(what: str) -> None:
    quiet = entry("all is well")
    output = "\n".join([quiet, entry("it went wrong", body=LEAKS[what]), quiet, ""])
    (sentence,) = Ears(TOKEN).told([quiet, output, output])
    assert sentence == f"a log shows {what}: lib, debug: 'it went wrong', in body, event, level, logger"
    assert LEAKS[what] not in sentence


def test_a_leak_in_a_line_that_is_no_entry_is_heard() -> None:
    (sentence,) = Ears(TOKEN).told([f"Traceback: {TOKEN}"])
    assert sentence.startswith("a log shows the bot's token: a line of ")
    assert TOKEN not in sentence


def test_what_may_be_said_is_let_be() -> None:
    said = [entry("a job is done", job="1a2b", guild="17"), "doppel: the database cannot be used.", ""]
    assert Ears(TOKEN).told(said) == []


def test_the_key_is_one_that_a_bot_takes() -> None:
    assert len(b64decode(FACE_KEY)) == 32
