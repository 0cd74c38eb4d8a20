"""Signatures under results: what a reader of content credentials finds, and what the operator is told."""

import asyncio
import io
import json
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import c2pa  # pyright: ignore[reportMissingTypeStubs]
import pytest
from cryptography.hazmat.primitives.asymmetric.dsa import generate_private_key as generate_dsa_key
from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1, SECP384R1, SECP521R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from PIL import Image, ImageSequence

from bot import __version__
from bot.media.provenance import DIGITAL_SOURCE_TYPE, is_marked, mark
from bot.media.signing import C2paSigner, Signing
from bot.media.signing_keys import BadSigningKeys, read_signing_keys
from tests.media import files
from tests.media.certificates import DAY, HOLDER, Papers, papers
from tests.media.test_provenance import MARKABLE, frames

PAPERS = papers()
PNG = files.picture("PNG")


def c2pa_signer(folder: Path, papers: Papers = PAPERS, **choices: Any) -> C2paSigner:
    return C2paSigner(read_signing_keys(*papers.written(folder), datetime.now(UTC)), **choices)


def read(content: bytes, media_type: str, papers: Papers = PAPERS) -> c2pa.Reader:
    trust = c2pa.Settings.from_json(json.dumps({"trust": {"trust_anchors": papers.anchor}}))
    return c2pa.Reader(media_type, io.BytesIO(content), context=c2pa.Context(trust))


def shown(content: bytes, media_type: str) -> list[bytes]:
    if media_type.startswith("video/"):
        return frames(content)
    with Image.open(io.BytesIO(content)) as picture:
        return [frame.tobytes() for frame in ImageSequence.Iterator(picture)]


def complaint(folder: Path, wrong: Papers = PAPERS, **form: Any) -> str:
    chain, key = wrong.written(folder, **form)
    with pytest.raises(BadSigningKeys) as caught:
        C2paSigner(read_signing_keys(chain, key, datetime.now(UTC)))
    return str(caught.value).replace(f"{folder}/", "")


@pytest.mark.parametrize(("media_type", "content"), MARKABLE)
async def test_a_signed_result_says_who_made_it_and_how_and_is_the_same_result(
    media_type: str, content: bytes, tmp_path: Path
) -> None:
    signs = c2pa_signer(tmp_path)
    marked = mark(content, media_type)
    signed = await signs.sign(marked, media_type)
    found = read(signed, media_type)
    assert found.get_validation_state() == "Trusted"
    manifest = json.loads(found.json())
    (manifest,) = manifest["manifests"].values()
    (generator,) = manifest["claim_generator_info"]
    assert (generator["name"], generator["version"]) == ("Doppel", __version__)
    said = {assertion["label"]: assertion["data"] for assertion in manifest["assertions"]}
    (action,) = said["c2pa.actions.v2"]["actions"]
    assert (action["action"], action["digitalSourceType"]) == ("c2pa.created", DIGITAL_SOURCE_TYPE)
    assert manifest["signature_info"]["common_name"] == HOLDER
    assert "ingredients" not in manifest
    assert "thumbnail" not in manifest
    assert is_marked(signed)
    assert shown(signed, media_type) == shown(content, media_type)
    assert len(marked) < len(signed) <= len(marked) + signs.room


@pytest.mark.parametrize(("media_type", "content"), MARKABLE)
async def test_whoever_changes_a_signed_result_is_found_out(
    media_type: str, content: bytes, tmp_path: Path
) -> None:
    signed = bytearray(await c2pa_signer(tmp_path).sign(content, media_type))
    assert read(bytes(signed), media_type).get_validation_state() == "Trusted"
    # Of the picture itself, wherever the manifest stands.
    at = signed.index(b"mdat") + 40 if b"mdat" in content else signed.rindex(content[-48:-40])
    signed[at] ^= 1
    assert read(bytes(signed), media_type).get_validation_state() == "Invalid"


async def test_nobody_else_can_sign_in_the_operators_name(tmp_path: Path) -> None:
    signed = await c2pa_signer(tmp_path).sign(PNG, "image/png")
    assert read(signed, "image/png", papers()).get_validation_state() == "Valid"


async def test_several_are_signed_at_once(tmp_path: Path) -> None:
    signs = c2pa_signer(tmp_path)
    signed = await asyncio.gather(*(signs.sign(PNG, "image/png") for _ in range(20)))
    assert {read(each, "image/png").get_validation_state() for each in signed} == {"Trusted"}


@pytest.mark.parametrize(
    "make",
    [
        lambda: generate_private_key(SECP384R1()),
        lambda: generate_private_key(SECP521R1()),
        Ed25519PrivateKey.generate,
        lambda: generate_rsa_key(65537, 2048),
    ],
)
async def test_every_kind_of_key_that_c2pa_knows_signs(make: Callable[[], Any], tmp_path: Path) -> None:
    own = papers(make())
    signed = await c2pa_signer(tmp_path, own).sign(PNG, "image/png")
    assert read(signed, "image/png", own).get_validation_state() == "Trusted"


async def test_a_key_may_be_written_as_openssl_once_did(tmp_path: Path) -> None:
    chain, key = PAPERS.written(tmp_path, form=PrivateFormat.TraditionalOpenSSL)
    assert "EC PRIVATE KEY" in key.read_text()
    signs = C2paSigner(read_signing_keys(chain, key, datetime.now(UTC)))
    assert (signs.holder, signs.until > datetime.now(UTC)) == (HOLDER, True)
    assert await signs.sign(PNG, "image/png") != PNG


# What is wrong is known at the start


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (Papers(PAPERS.certificates, papers().key), "key.pem is not the key of the first certificate in ch"),
        (Papers(PAPERS.certificates[::-1], PAPERS.key), "key.pem is not the key of the first certificate"),
        (papers(end=timedelta()), f"the certificate of {HOLDER} in chain.pem was valid until 2"),
        (papers(begin=DAY), f"the certificate of {HOLDER} in chain.pem is not valid before 2"),
        (
            Papers((PAPERS.certificates[0], papers().certificates[1]), PAPERS.key),
            f"the certificates in chain.pem are no chain: next to that of {HOLDER} belongs its issuer's",
        ),
        (papers(generate_private_key(SECP256K1())), "key.pem is a key that C2PA does not take: it takes"),
        (papers(generate_rsa_key(65537, 1024)), "key.pem is a key that C2PA does not take"),
        (papers(purpose=ExtendedKeyUsageOID.SERVER_AUTH), "the certificate is invalid"),
    ],
)  # fmt: skip
def test_credentials_that_cannot_sign_are_explained(wrong: Papers, said: str, tmp_path: Path) -> None:
    assert said in complaint(tmp_path, wrong)


def test_a_key_behind_a_passphrase_is_explained(tmp_path: Path) -> None:
    assert complaint(tmp_path, passphrase=b"hunter2").startswith("key.pem is locked with a passphrase")


def test_a_key_of_another_trade_is_explained(tmp_path: Path) -> None:
    chain, key = PAPERS.written(tmp_path)
    other = generate_dsa_key(1024)
    key.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(BadSigningKeys, match=r"key\.pem is a key that C2PA does not take"):
        read_signing_keys(chain, key, datetime.now(UTC))


@pytest.mark.parametrize("name", ["chain.pem", "key.pem"])
def test_files_that_hold_something_else_or_are_missing_are_named_and_not_repeated(
    name: str, tmp_path: Path
) -> None:
    chain, key = PAPERS.written(tmp_path)
    (tmp_path / name).write_text("hunter2")
    with pytest.raises(BadSigningKeys, match=rf"{name} holds no [a-z ]+ in PEM$") as caught:
        read_signing_keys(chain, key, datetime.now(UTC))
    assert "hunter2" not in str(caught.value)
    (tmp_path / name).unlink()
    with pytest.raises(BadSigningKeys, match=rf"{name} cannot be read: No such file or directory$"):
        read_signing_keys(chain, key, datetime.now(UTC))


def test_what_signs_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    assert complaint(tmp_path) == "the package for it is missing: `pip install 'doppel[c2pa]'`"


def test_what_signs_may_not_work_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "c2pa.py").write_text("raise RuntimeError('no libc2pa_c.so')")
    monkeypatch.delitem(sys.modules, "c2pa")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert complaint(tmp_path) == "the package for it does not work here: no libc2pa_c.so"


def test_credentials_show_no_key(tmp_path: Path) -> None:
    shown = repr(read_signing_keys(*PAPERS.written(tmp_path), datetime.now(UTC)))
    assert HOLDER in shown
    assert "PRIVATE" not in shown


# What goes wrong later costs nobody a result


async def test_a_format_without_a_place_for_it_goes_out_as_it_is(tmp_path: Path) -> None:
    heard: list[Signing] = []
    webm = files.video("webm", codec="libvpx-vp9")
    assert await c2pa_signer(tmp_path, heard=heard.append).sign(webm, "video/webm") is webm
    assert heard == [Signing.UNSUPPORTED]


async def test_what_cannot_be_signed_goes_out_as_it_is(tmp_path: Path) -> None:
    heard: list[Signing] = []
    signs = c2pa_signer(tmp_path, heard=heard.append)
    assert await signs.sign(PNG[:60], "image/png") == PNG[:60]
    assert await signs.sign(PNG, "image/png") != PNG
    assert heard == [Signing.FAILED, Signing.SIGNED]


async def test_a_signature_that_would_be_too_large_is_left_out(tmp_path: Path) -> None:
    heard: list[Signing] = []
    signs = c2pa_signer(tmp_path, heard=heard.append)
    signs.room = 100
    assert await signs.sign(PNG, "image/png") is PNG
    assert heard == [Signing.FAILED]


async def test_a_timestamp_server_that_is_away_leaves_results_unsigned(tmp_path: Path) -> None:
    heard: list[Signing] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
    signs = c2pa_signer(tmp_path, timestamps=address, heard=heard.append)
    assert await signs.sign(PNG, "image/png") is PNG
    assert heard == [Signing.FAILED]


async def test_nobody_waits_for_a_timestamp_server_that_says_nothing(tmp_path: Path) -> None:
    heard: list[Signing] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        signs = c2pa_signer(tmp_path, timestamps=address, patience=0.05, heard=heard.append)
        assert await signs.sign(PNG, "image/png") is PNG
        assert heard == [Signing.FAILED]
        server.accept()[0].close()
