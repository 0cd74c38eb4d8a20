"""Signing results: what a C2PA reader finds in them, and the errors of wrong keys."""

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
from bot.media.c2pa import manifest
from bot.media.c2pa.certificates import read_signing_keys
from bot.media.c2pa.keys import BadSigningKeys
from bot.media.marks.provenance import DIGITAL_SOURCE_TYPE, mark
from bot.media.signing import C2paSigner, SigningOutcome
from bot.media.worker.limits import WorkerLimits
from bot.media.worker.process import MediaWorker
from tests.harness import shared_workers
from tests.media import files
from tests.media.certificates import DAY, HOLDER, Credentials, issue
from tests.media.marks import is_marked
from tests.media.test_provenance import MARKABLE, frames

CREDENTIALS = issue()
PNG = files.picture("PNG")


async def c2pa_signer(folder: Path, credentials: Credentials = CREDENTIALS, **options: Any) -> C2paSigner:
    keys = read_signing_keys(*credentials.write(folder), datetime.now(UTC))
    return await C2paSigner.create(shared_workers().signing, keys, **options)


def read(content: bytes, media_type: str, credentials: Credentials = CREDENTIALS) -> c2pa.Reader:
    trust = c2pa.Settings.from_json(json.dumps({"trust": {"trust_anchors": credentials.anchor}}))
    return c2pa.Reader(media_type, io.BytesIO(content), context=c2pa.Context(trust))


def frames_shown(content: bytes, media_type: str) -> list[bytes]:
    if media_type.startswith("video/"):
        return frames(content)
    with Image.open(io.BytesIO(content)) as picture:
        return [frame.tobytes() for frame in ImageSequence.Iterator(picture)]


def error_message(folder: Path, wrong: Credentials = CREDENTIALS, **form: Any) -> str:
    chain, key = wrong.write(folder, **form)
    with pytest.raises(BadSigningKeys) as caught:
        manifest.sign(PNG, "image/png", read_signing_keys(chain, key, datetime.now(UTC)), None)
    return str(caught.value).replace(f"{folder}/", "")


@pytest.mark.parametrize(("media_type", "make"), MARKABLE)
async def test_a_signed_result_has_a_trusted_manifest_and_the_same_pixels(
    media_type: str, make: Callable[[], bytes], tmp_path: Path
) -> None:
    content = make()
    signer = await c2pa_signer(tmp_path)
    marked = mark(content, media_type)
    signed = await signer.sign(marked, media_type)
    found = read(signed, media_type)
    assert found.get_validation_state() == "Trusted"
    manifest = json.loads(found.json())
    (manifest,) = manifest["manifests"].values()
    (generator,) = manifest["claim_generator_info"]
    assert (generator["name"], generator["version"]) == ("Doppel", __version__)
    assertions = {assertion["label"]: assertion["data"] for assertion in manifest["assertions"]}
    (action,) = assertions["c2pa.actions.v2"]["actions"]
    assert (action["action"], action["digitalSourceType"]) == ("c2pa.created", DIGITAL_SOURCE_TYPE)
    assert manifest["signature_info"]["common_name"] == HOLDER
    assert "ingredients" not in manifest
    assert "thumbnail" not in manifest
    assert is_marked(signed)
    assert frames_shown(signed, media_type) == frames_shown(content, media_type)
    assert len(marked) < len(signed) <= len(marked) + signer.reserved_bytes


@pytest.mark.parametrize(("media_type", "make"), MARKABLE)
async def test_a_change_to_a_signed_result_invalidates_it(
    media_type: str, make: Callable[[], bytes], tmp_path: Path
) -> None:
    content = make()
    signed = bytearray(await (await c2pa_signer(tmp_path)).sign(content, media_type))
    assert read(bytes(signed), media_type).get_validation_state() == "Trusted"
    # Change the picture itself, wherever the manifest is.
    at = signed.index(b"mdat") + 40 if b"mdat" in content else signed.rindex(content[-48:-40])
    signed[at] ^= 1
    assert read(bytes(signed), media_type).get_validation_state() == "Invalid"


async def test_another_authority_does_not_trust_the_signature(tmp_path: Path) -> None:
    signed = await (await c2pa_signer(tmp_path)).sign(PNG, "image/png")
    assert read(signed, "image/png", issue()).get_validation_state() == "Valid"


async def test_several_results_are_signed_at_once(tmp_path: Path) -> None:
    signer = await c2pa_signer(tmp_path)
    signed = await asyncio.gather(*(signer.sign(PNG, "image/png") for _ in range(20)))
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
async def test_every_kind_of_key_that_c2pa_supports_can_sign(make: Callable[[], Any], tmp_path: Path) -> None:
    own = issue(make())
    signed = await (await c2pa_signer(tmp_path, own)).sign(PNG, "image/png")
    assert read(signed, "image/png", own).get_validation_state() == "Trusted"


async def test_a_key_may_have_the_traditional_openssl_format(tmp_path: Path) -> None:
    chain, key = CREDENTIALS.write(tmp_path, form=PrivateFormat.TraditionalOpenSSL)
    assert "EC PRIVATE KEY" in key.read_text()
    keys = read_signing_keys(chain, key, datetime.now(UTC))
    signer = await C2paSigner.create(shared_workers().signing, keys)
    assert (signer.holder, signer.valid_until > datetime.now(UTC)) == (HOLDER, True)
    assert await signer.sign(PNG, "image/png") != PNG


# Wrong keys are errors at the start

NOT_ITS_KEY = "key.pem is not the key of the first certificate in chain.pem"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Credentials(CREDENTIALS.certificates, issue().key), NOT_ITS_KEY),
        (Credentials(CREDENTIALS.certificates[::-1], CREDENTIALS.key), NOT_ITS_KEY),
        (issue(end=timedelta()), f"the certificate of {HOLDER} in chain.pem was valid until 2"),
        (issue(begin=DAY), f"the certificate of {HOLDER} in chain.pem is not valid before 2"),
        (
            Credentials((CREDENTIALS.certificates[0], issue().certificates[1]), CREDENTIALS.key),
            f"chain.pem is not a chain: the issuer's certificate must follow the one of {HOLDER}",
        ),
        (issue(generate_private_key(SECP256K1())), "key.pem is a key that C2PA does not accept: it accepts"),
        (issue(generate_rsa_key(65537, 1024)), "key.pem is a key that C2PA does not accept"),
        (issue(purpose=ExtendedKeyUsageOID.SERVER_AUTH), "the certificate is invalid"),
    ],
)  # fmt: skip
def test_keys_that_cannot_sign_are_explained(wrong: Credentials, message: str, tmp_path: Path) -> None:
    assert message in error_message(tmp_path, wrong)


def test_an_encrypted_key_is_explained(tmp_path: Path) -> None:
    assert error_message(tmp_path, passphrase=b"hunter2").startswith("key.pem is encrypted with a passphrase")


def test_an_unsupported_kind_of_key_is_explained(tmp_path: Path) -> None:
    chain, key = CREDENTIALS.write(tmp_path)
    other = generate_dsa_key(1024)
    key.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(BadSigningKeys, match=r"key\.pem is a key that C2PA does not accept"):
        read_signing_keys(chain, key, datetime.now(UTC))


@pytest.mark.parametrize("name", ["chain.pem", "key.pem"])
def test_invalid_or_missing_files_are_named_and_not_quoted(name: str, tmp_path: Path) -> None:
    chain, key = CREDENTIALS.write(tmp_path)
    (tmp_path / name).write_text("hunter2")
    with pytest.raises(BadSigningKeys, match=rf"{name} holds no [a-z ]+ in PEM$") as caught:
        read_signing_keys(chain, key, datetime.now(UTC))
    assert "hunter2" not in str(caught.value)
    (tmp_path / name).unlink()
    with pytest.raises(BadSigningKeys, match=rf"{name} cannot be read: No such file or directory$"):
        read_signing_keys(chain, key, datetime.now(UTC))


def test_a_missing_signing_package_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    assert error_message(tmp_path) == "the package c2pa is missing: `pip install 'doppel[c2pa]'`"


def test_a_broken_signing_package_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "c2pa.py").write_text("raise RuntimeError('no libc2pa_c.so')")
    monkeypatch.delitem(sys.modules, "c2pa")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert error_message(tmp_path) == "the package c2pa does not work on this machine: no libc2pa_c.so"


def test_the_repr_of_signing_keys_has_no_key(tmp_path: Path) -> None:
    shown = repr(read_signing_keys(*CREDENTIALS.write(tmp_path), datetime.now(UTC)))
    assert HOLDER in shown
    assert "PRIVATE" not in shown


# Later failures lose no result


async def test_a_format_that_cannot_be_signed_is_unchanged(tmp_path: Path) -> None:
    outcomes: list[SigningOutcome] = []
    webm = files.video("webm", codec="libvpx-vp9")
    assert await (await c2pa_signer(tmp_path, on_outcome=outcomes.append)).sign(webm, "video/webm") is webm
    assert outcomes == [SigningOutcome.UNSUPPORTED]


async def test_a_broken_result_is_unchanged(tmp_path: Path) -> None:
    outcomes: list[SigningOutcome] = []
    signer = await c2pa_signer(tmp_path, on_outcome=outcomes.append)
    assert await signer.sign(PNG[:60], "image/png") == PNG[:60]
    assert await signer.sign(PNG, "image/png") != PNG
    assert outcomes == [SigningOutcome.FAILED, SigningOutcome.SIGNED]


async def test_a_signature_that_is_too_large_is_left_out(tmp_path: Path) -> None:
    outcomes: list[SigningOutcome] = []
    signer = await c2pa_signer(tmp_path, on_outcome=outcomes.append)
    signer.reserved_bytes = 100
    assert await signer.sign(PNG, "image/png") is PNG
    assert outcomes == [SigningOutcome.FAILED]


async def test_without_its_timestamp_server_results_stay_unsigned(tmp_path: Path) -> None:
    outcomes: list[SigningOutcome] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
    signer = await c2pa_signer(tmp_path, timestamp_url=address, on_outcome=outcomes.append)
    assert await signer.sign(PNG, "image/png") is PNG
    assert outcomes == [SigningOutcome.FAILED]


async def test_a_timestamp_server_that_never_responds_times_out(tmp_path: Path) -> None:
    outcomes: list[SigningOutcome] = []
    keys = read_signing_keys(*CREDENTIALS.write(tmp_path), datetime.now(UTC))
    worker = MediaWorker(WorkerLimits(wall_seconds=0.5, preload=("c2pa",)))
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        signer = C2paSigner(worker, keys, 10_000, timestamp_url=address, on_outcome=outcomes.append)
        assert await signer.sign(PNG, "image/png") is PNG
        assert outcomes == [SigningOutcome.FAILED]
    worker.close()
