"""Finding outputs in every form that Segmind or its integrators use."""

import base64
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.segmind.outputs import Inline, Link, is_url, link_of, output_of
from tests.segmind.conftest import NO_DEADLINE

URL = "https://images.segmind.com/output/one.png"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
MP4 = b"\x00\x00\x00\x20ftypisom" + bytes(64)
WEBP = b"RIFF\x10\x00\x00\x00WEBPVP8 " + bytes(32)


@pytest.mark.parametrize(
    "body",
    [
        {"output": URL},
        {"output": f"  {URL}\n"},
        {"output": [URL, "https://x.y/second.png"]},
        {"output": {"url": URL}},
        {"output": {"images": [{"url": URL}]}},
        {"output": [{"image": {"url": URL}}]},
        {"output": None, "images": [{"url": URL, "content_type": "image/png"}]},
        {"images": [URL]},
        {"image_url": URL},
        {"image": URL},
        {"video": URL},
        {"video": {"url": URL, "duration": 5}},
        {"video_url": URL},
        {"data": {"url": URL}},
        {"output": "done", "image": URL},
        {"output": {"seed": 5, "image": None, "url": URL}},
    ],
)
def test_a_url_is_found_in_any_field(body: dict[str, Any]) -> None:
    assert output_of(body) == Link(URL)


@pytest.mark.parametrize("content", [PNG, MP4, WEBP], ids=["png", "mp4", "webp"])
def test_base64_of_any_alphabet_is_decoded(content: bytes) -> None:
    plain = base64.b64encode(content).decode()
    urlsafe = base64.urlsafe_b64encode(content).decode().rstrip("=")
    wrapped = base64.encodebytes(content).decode()
    for text in (plain, urlsafe, wrapped, f"data:image/png;base64,{plain}", f"DATA:;base64,{plain}"):
        assert output_of({"output": text}) == Inline(content)
    assert output_of({"images": [{"b64_json": plain}]}) == Inline(content)
    assert output_of({"output": f"data:image/png,{quote_from_bytes(content)}"}) == Inline(content)


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        True,
        "",
        "done",
        "VGhpcyBpcyBub3QgYSBwaWN0dXJl",
        "data:image/png;base64,????",
        "data:image/png;base64",
        "not base64 at all, but a long sentence",
        "ftp://x.y/z",
        "https://",
        "https://[::1",
        "https://x.y/a b",
        "https://x.y/" + "a" * 9000,
        {"unknown": URL},
        [[[[[[[[URL]]]]]]]],
    ],
)
def test_anything_else_is_no_output(value: Any) -> None:
    assert output_of(value) is None


def test_the_output_field_comes_first() -> None:
    assert output_of({"image": "https://x.y/input.png", "output": URL}) == Link(URL)


def test_a_link_is_found_behind_media() -> None:
    assert link_of([base64.b64encode(PNG).decode(), URL]) == Link(URL)
    assert link_of(base64.b64encode(PNG).decode()) is None


def test_a_url_has_a_host_and_no_control_characters() -> None:
    assert is_url("http://127.0.0.1:8700/files/a.png")
    assert not is_url("https://x.y/\u202egnp.exe")
    assert not is_url("/files/a.png")


@NO_DEADLINE
@given(st.text())
def test_any_text_can_be_searched(text: str) -> None:
    for value in (text, f"data:{text}", f"https://{text}"):
        assert output_of(value) is None or isinstance(output_of(value), Link | Inline)
