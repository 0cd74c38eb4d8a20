"""The nonce in the address of a job's first file."""

from typing import Any

import pytest

from bot.segmind.nonce import new_nonce, nonces_in, with_nonce

ADDRESS = "https://files.example/a.png"


@pytest.mark.parametrize("address", [ADDRESS, f"{ADDRESS}?ex=1&hm=2", f"{ADDRESS}?doppel=another"])
def test_the_nonce_is_read_back_from_where_it_was_put(address: str) -> None:
    nonce = new_nonce()
    inputs = {"source_image": with_nonce(address, nonce), "target_image": f"{ADDRESS}?ex=1", "seed": 7}
    assert nonces_in(inputs) == {"source_image": nonce}


@pytest.mark.parametrize(
    "value",
    [
        "doppel=abc",
        "see doppel=abc",
        f"{ADDRESS}#?doppel=abc",
        f"{ADDRESS}/doppel=abc.png",
        f"{ADDRESS}?xdoppel=abc",
        "http://[?doppel=abc",
        ["?doppel=abc"],
        7,
        None,
    ],
)
def test_a_text_that_only_contains_a_nonce_carries_none(value: Any) -> None:
    assert nonces_in({"prompt": value}) == {}


def test_no_two_jobs_have_the_same_nonce() -> None:
    assert len({new_nonce() for _ in range(100)}) == 100
